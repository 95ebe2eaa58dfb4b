/** A provider's answer as it comes: server-sent events, or one JSON document of a provider that does not stream. */
import type OpenAI from 'openai'
import { Stream } from 'openai/streaming'

/** Enough for `data: [DONE]` and the blank lines around it. */
const TAIL_BYTES = 64

export class AnswerStream {
  readonly #response: Response
  readonly #client: OpenAI
  #tail = ''

  constructor(response: Response, client: OpenAI) {
    this.#response = response
    this.#client = client
  }

  /** The whole answer of a provider that was asked to stream and does not; `undefined` where it streams. */
  async whole(): Promise<unknown> {
    const type = this.#response.headers.get('content-type') ?? ''
    return /\bjson\b/i.test(type) ? this.#response.json() : undefined
  }

  /** Rejects where the answer breaks off, as far as the connection shows it, and where it reports an error. */
  events(): AsyncIterable<unknown> {
    const body = this.#response.body ?? new Response('').body
    if (body === null) throw new Error('an answer without a body')
    const { headers } = this.#response
    return Stream.fromSSEResponse(
      new Response(ReadableStream.from(this.#watched(body)), { headers }),
      new AbortController(),
      this.#client,
    )
  }

  /** Whether the events ended with the mark that chat completions put at their end. */
  get hasEndMark(): boolean {
    return /(^|\n)data: ?\[DONE\]\s*$/.test(this.#tail)
  }

  async *#watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      const last = Buffer.from(chunk.subarray(-TAIL_BYTES)).toString('latin1')
      this.#tail = (this.#tail + last).slice(-TAIL_BYTES)
      yield chunk
    }
  }
}
