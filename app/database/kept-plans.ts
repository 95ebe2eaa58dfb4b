/**
 * PGlite takes longer to parse and plan a statement than to carry it out. All its connections share one session, so what
 * comes again without a name, over whichever of them, is prepared once under a name of its own.
 */

/** What the engine is sent in the place of a batch, and where its answer goes. */
export interface Exchange {
  readonly messages: readonly Uint8Array[]
  readonly onRawData: (data: Uint8Array) => void
}

/** Parse, Bind, Describe, Execute, Sync: what `pg` sends for one statement. */
const ONE_STATEMENT = 'PBDES'
const QUERY = 'Q'.charCodeAt(0)
/** A message's kind and its length come before what it says. */
const HEAD_BYTES = 5
const PARSE_COMPLETE = new Uint8Array(['1'.charCodeAt(0), 0, 0, 0, 4])
/** Statements that are kept; the ledger and the queues have some hundred. */
const KEPT_MAX = 1_000
/** Nobody tells the planner that tables have grown (PGlite has no autovacuum), so it plans anew after so many statements. */
const USES_MAX = 5_000

export class KeptPlans {
  /** What a Parse says -> the name that it was prepared under. */
  #names = new Map<string, Buffer>()
  #uses = 0
  #tablesChanged = false

  /** Whether the engine is to be told to forget all that was prepared; then `forget`. */
  get areOld(): boolean {
    return this.#tablesChanged || this.#uses >= USES_MAX
  }

  forget(): void {
    this.#names = new Map()
    this.#uses = 0
    this.#tablesChanged = false
  }

  instead(exchange: Exchange): Exchange {
    const { messages, onRawData } = exchange
    const [parse, bind, ...others] = messages
    if (parse === undefined) return exchange
    if (bind === undefined || kindsOf(messages) !== ONE_STATEMENT || !isUnnamed(parse, 1) || !isUnnamed(bind, 2)) {
      // What a prepared statement answers with must not change.
      this.#tablesChanged ||= parse[0] === QUERY && /\b(?:create|alter|drop)\b/i.test(textOf(parse))
      return exchange
    }
    this.#uses += 1
    const text = textOf(parse)
    const known = this.#names.get(text)
    if (known !== undefined) {
      onRawData(PARSE_COMPLETE)
      return { messages: [withName(bind, 1, known), ...others], onRawData }
    }
    if (this.#names.size === KEPT_MAX) return exchange
    const name = Buffer.from(`kept_${this.#uses}`)
    return {
      messages: [withName(parse, 0, name), withName(bind, 1, name), ...others],
      onRawData: (data) => {
        // An error comes in its place when it could not be prepared.
        if (data[0] === PARSE_COMPLETE[0]) this.#names.set(text, name)
        onRawData(data)
      },
    }
  }
}

function kindsOf(messages: readonly Uint8Array[]): string {
  return String.fromCharCode(...messages.map(([kind = 0]) => kind))
}

function textOf(message: Uint8Array): string {
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('latin1', HEAD_BYTES)
}

/** Whether the names that a message begins with are empty. */
function isUnnamed(message: Uint8Array, names: number): boolean {
  return message.subarray(HEAD_BYTES, HEAD_BYTES + names).every((byte) => byte === 0)
}

/** The message with a name in the place of the empty one that lies so many bytes after its head. */
function withName(message: Uint8Array, offset: number, name: Buffer): Buffer {
  const at = HEAD_BYTES + offset
  const whole = Buffer.concat([message.subarray(0, at), name, message.subarray(at)])
  whole.writeInt32BE(whole.length - 1, 1)
  return whole
}
