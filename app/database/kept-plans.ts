/**
 * PGlite takes longer to parse and plan a statement than to carry it out. All its connections share one session, so what
 * comes again without a name, over whichever of them, is prepared once under a name of its own. So is a statement that
 * comes as plain text, as pg-boss asks for the next job: PGlite is sent what `pg` sends for one with values.
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
const CHANGES_TABLES = /\b(?:create|alter|drop)\b/i
const PARSE_COMPLETE = new Uint8Array(['1'.charCodeAt(0), 0, 0, 0, 4])
/** ParseComplete, BindComplete and NoData, which nobody expects who sent plain text: nothing but a head. */
const PREAMBLE = ['1', '2', 'n'].map((letter) => letter.charCodeAt(0))
/** One statement that reads or changes rows. */
const PLAIN = /^\s*(?:with|select)\b[^;]*$/i
/** Bind, Describe, Execute and Sync of a statement without values and, as yet, without a name. */
const WITHOUT_VALUES = [
  message('B', '\0\0\0\0\0\0\0\0'),
  message('D', 'P\0'),
  message('E', '\0\0\0\0\0'),
  message('S', ''),
]
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
    const [first] = messages
    const plain = first?.[0] === QUERY && messages.length === 1 ? textOf(first).slice(0, -1) : undefined
    if (plain !== undefined && PLAIN.test(plain) && !CHANGES_TABLES.test(plain)) {
      const parse = message('P', `\0${plain}\0\0\0`)
      return this.#kept([parse, ...WITHOUT_VALUES], withoutPreamble(onRawData)) ?? exchange
    }
    const [parse, bind] = messages
    if (parse === undefined) return exchange
    if (bind === undefined || kindsOf(messages) !== ONE_STATEMENT || !isUnnamed(parse, 1) || !isUnnamed(bind, 2)) {
      // What a prepared statement answers with must not change.
      this.#tablesChanged ||= parse[0] === QUERY && CHANGES_TABLES.test(textOf(parse))
      return exchange
    }
    return this.#kept(messages, onRawData) ?? exchange
  }

  /** Undefined when no more can be kept. */
  #kept(messages: readonly Uint8Array[], onRawData: Exchange['onRawData']): Exchange | undefined {
    const [parse, bind, ...others] = messages
    if (parse === undefined || bind === undefined) return undefined
    this.#uses += 1
    const text = textOf(parse)
    const known = this.#names.get(text)
    if (known !== undefined) {
      onRawData(PARSE_COMPLETE)
      return { messages: [withName(bind, 1, known), ...others], onRawData }
    }
    if (this.#names.size === KEPT_MAX) return undefined
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

function message(kind: string, says: string): Buffer {
  const whole = Buffer.from(`${kind}\0\0\0\0${says}`, 'latin1')
  whole.writeInt32BE(whole.length - 1, 1)
  return whole
}

function withoutPreamble(onRawData: Exchange['onRawData']): Exchange['onRawData'] {
  let isOver = false
  return (data) => {
    let at = 0
    while (!isOver && at < data.length) {
      if (PREAMBLE.includes(data[at] ?? 0)) at += HEAD_BYTES
      else isOver = true
    }
    if (at < data.length) onRawData(data.subarray(at))
  }
}
