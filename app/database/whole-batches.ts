/**
 * PGlite as several connections can share it. It has one session, and pglite-socket lends it to a connection message by
 * message unless PGlite says that it is in a transaction. Between a statement's Parse and its Sync it is in none, so
 * another connection could put its own Parse between them and both would run one statement (electric-sql/pglite#1046; it
 * takes a large parameter, whose message comes in several pieces). Here a batch counts as a transaction until its Sync,
 * and goes to the engine as a whole: the way in and out takes as long as many a message.
 */
import { type ExecProtocolOptionsStream, PGlite } from '@electric-sql/pglite'
import { type Exchange, KeptPlans } from './kept-plans.ts'

const FLUSH = 'H'.charCodeAt(0)
const SYNC = 'S'.charCodeAt(0)
/** Messages of a batch before its Sync: Parse, Bind, Describe, Execute, Close, Flush. */
const OPENING = new Set(Array.from('PBDECH', (letter) => letter.charCodeAt(0)))
const SYNC_MESSAGE = new Uint8Array([SYNC, 0, 0, 0, 4])
const FORGET = queryMessage('DEALLOCATE ALL')

export class WholeBatches extends PGlite {
  /** What has come of a batch that is not with the engine yet. */
  #waiting: Uint8Array[] = []
  #batchOpen = false
  readonly #plans = new KeptPlans()
  /** Called when the engine itself fails. pglite-socket would then leave every later statement waiting for ever. */
  onBroken: () => void = () => {}

  override isInTransaction(): boolean {
    return this.#batchOpen || super.isInTransaction()
  }

  override async execProtocolRawStream(message: Uint8Array, options: ExecProtocolOptionsStream): Promise<void> {
    const [kind = 0] = message
    this.#batchOpen = OPENING.has(kind)
    this.#waiting.push(message)
    if (this.#batchOpen && kind !== FLUSH) return
    const messages = this.#waiting
    this.#waiting = []
    // In a transaction that has failed already, nothing could be forgotten.
    if (this.#plans.areOld && !super.isInTransaction()) {
      await this.#exchange({ messages: [FORGET], onRawData: () => {} })
      this.#plans.forget()
    }
    await this.#exchange(this.#plans.instead({ messages, onRawData: options.onRawData }))
  }

  async #exchange({ messages, onRawData }: Exchange): Promise<void> {
    const [first] = messages
    const whole = first !== undefined && messages.length === 1 ? first : Buffer.concat(messages)
    try {
      await super.execProtocolRawStream(whole, { onRawData })
    } catch (error) {
      this.onBroken()
      throw error
    }
  }

  /** pglite-socket rolls back by this when a connection goes away, possibly in the middle of a batch. */
  override async exec(...args: Parameters<PGlite['exec']>): ReturnType<PGlite['exec']> {
    if (this.#batchOpen) {
      this.#waiting = []
      await this.execProtocolRawStream(SYNC_MESSAGE, { onRawData: () => {} })
    }
    return super.exec(...args)
  }
}

function queryMessage(sql: string): Buffer {
  const message = Buffer.from(`Q\0\0\0\0${sql}\0`)
  message.writeInt32BE(message.length - 1, 1)
  return message
}
