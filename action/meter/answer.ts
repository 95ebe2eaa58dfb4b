/**
 * Reads along in an answer that is passed through: what it says it used, and the seals of the reasoning that it hands out.
 * An answer that does not come to its end says nothing for sure.
 */
import type { CallOutcome } from '../../core/money/meter.ts'
import type { Api } from '../../core/request/request.ts'
import { readResponseUsage } from '../model/usage.ts'
import { readMessagesUsage } from './messages-usage.ts'

/** The parts of an answer's JSON that are looked at, each of which may be anything. */
type Json = Readonly<Record<string, unknown>>

export class AnswerReader {
  readonly #api: Api
  readonly #onSeal: (seal: string) => void
  readonly #signatures = new Map<unknown, string>()
  #usage: unknown[] = []
  #ended = false

  constructor(api: Api, onSeal: (seal: string) => void) {
    this.#api = api
    this.#onSeal = onSeal
  }

  /** One event of a stream, or the whole answer where it does not stream. */
  read(event: unknown, whole: boolean): void {
    if (!isJson(event)) return
    if (this.#api === 'responses') this.#readResponses(whole ? { type: 'response.completed', response: event } : event)
    else this.#readMessages(event)
  }

  /** Whether its end was read; what it used stands there. */
  get ended(): boolean {
    return this.#ended
  }

  /** Once all of it was read. `complete`: the connection ended in order. */
  outcome(complete: boolean): CallOutcome {
    if (!complete || !this.#ended) return { kind: 'unknown' }
    if (this.#api === 'messages') return readMessagesUsage(this.#usage)
    return readResponseUsage({ usage: this.#usage.at(-1) })
  }

  #readResponses(event: Json): void {
    this.#sealOfItem(event.item)
    if (!isJson(event.response)) return
    if (Array.isArray(event.response.output)) for (const item of event.response.output) this.#sealOfItem(item)
    const ends = ['response.completed', 'response.incomplete', 'response.failed']
    if (!ends.includes(String(event.type))) return
    this.#usage = [event.response.usage]
    this.#ended = true
  }

  #sealOfItem(item: unknown): void {
    if (isJson(item) && typeof item.encrypted_content === 'string') this.#onSeal(item.encrypted_content)
  }

  #readMessages(event: Json): void {
    if (event.type === 'message_start' && isJson(event.message)) this.#usage.push(event.message.usage)
    if (event.type === 'message_delta') this.#usage.push(event.usage)
    if (event.type === 'message_stop') this.#ended = true
    if (event.type === 'content_block_start') this.#sealOfBlock(event.content_block)
    if (event.type === 'content_block_delta' && isJson(event.delta) && typeof event.delta.signature === 'string') {
      this.#signatures.set(event.index, (this.#signatures.get(event.index) ?? '') + event.delta.signature)
      // Clients keep the last piece, or all of them.
      this.#sealed(event.delta.signature)
    }
    if (event.type === 'content_block_stop') this.#sealed(this.#signatures.get(event.index))
    if (event.type === 'message') {
      this.#usage.push(event.usage)
      this.#ended = true
      if (Array.isArray(event.content)) for (const block of event.content) this.#sealOfBlock(block)
    }
  }

  #sealOfBlock(block: unknown): void {
    if (!isJson(block)) return
    this.#sealed(block.type === 'redacted_thinking' ? block.data : block.signature)
  }

  #sealed(seal: unknown): void {
    if (typeof seal === 'string' && seal !== '') this.#onSeal(seal)
  }
}

/** Server-sent events as they come, in whatever pieces: each `data:` that is JSON. */
export class EventLines {
  readonly #decoder = new TextDecoder()
  readonly #onEvent: (event: unknown) => void
  #rest = ''

  constructor(onEvent: (event: unknown) => void) {
    this.#onEvent = onEvent
  }

  add(chunk: Uint8Array): void {
    // Only what is new is looked through: the last line of a Responses stream repeats the whole answer.
    const [first = '', ...lines] = this.#decoder.decode(chunk, { stream: true }).split(/\r\n|\n|\r/)
    this.#rest += first
    for (const line of lines) {
      this.#line(this.#rest)
      this.#rest = line
    }
  }

  end(): void {
    this.#line(this.#rest)
  }

  #line(line: string): void {
    if (!line.startsWith('data:')) return
    const event = parseJson(line.slice('data:'.length))
    if (event !== undefined) this.#onEvent(event)
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
