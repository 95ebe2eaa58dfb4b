/**
 * PGlite has one session, and pglite-socket lends it to a connection message by message unless PGlite says that it is in
 * a transaction. Between a statement's Parse and its Sync it is in none, so another connection could put its own
 * Parse between them and both would run one statement (electric-sql/pglite#1046; it takes a large parameter,
 * whose message comes in several pieces). Here a batch counts as a transaction until its Sync.
 */
import { type ExecProtocolOptionsStream, PGlite } from '@electric-sql/pglite'

const SYNC = 'S'.charCodeAt(0)
/** Messages of a batch: Parse, Bind, Describe, Execute, Close, Flush. */
const OPENING = new Set(Array.from('PBDECH', (letter) => letter.charCodeAt(0)))
const SYNC_MESSAGE = new Uint8Array([SYNC, 0, 0, 0, 4])

export class WholeBatches extends PGlite {
  #batchOpen = false
  /** Called when the engine itself fails. pglite-socket would then leave every later statement waiting for ever. */
  onBroken: () => void = () => {}

  override isInTransaction(): boolean {
    return this.#batchOpen || super.isInTransaction()
  }

  override async execProtocolRawStream(message: Uint8Array, options: ExecProtocolOptionsStream): Promise<void> {
    const [kind = 0] = message
    this.#batchOpen = OPENING.has(kind)
    try {
      await super.execProtocolRawStream(message, options)
    } catch (error) {
      this.onBroken()
      throw error
    }
  }

  /** pglite-socket rolls back by this when a connection goes away, possibly in the middle of a batch. */
  override async exec(...args: Parameters<PGlite['exec']>): ReturnType<PGlite['exec']> {
    if (this.#batchOpen) await this.execProtocolRawStream(SYNC_MESSAGE, { onRawData: () => {} })
    return super.exec(...args)
  }
}
