/** `fetch`, for answers that take their time and come to an end. */

/** Of one answer, also of an error. The longest that a call may ask for has a third of this with all its wrapping. */
export const ANSWER_BYTES_MAX = 24_000_000

export class EndlessAnswer extends Error {
  constructor() {
    super(`the provider’s answer has more than ${ANSWER_BYTES_MAX} bytes`)
  }
}

/** Where undici, which is behind `fetch`, keeps what sends for everybody; Node offers no other way to its time-outs. */
const SENDER = Symbol.for('undici.globalDispatcher.1')
type Sender = NonNullable<RequestInit['dispatcher']>
type SenderClass = new (options: { headersTimeout: number; bodyTimeout: number }) => Sender
let patient: Sender | undefined

/** As everybody's, also in the proxies that it goes by, but it leaves to the call when it has waited long enough. */
function patientSender(): Sender | undefined {
  // Node loads undici when one of its classes is asked for; before, there is no sender to make another of.
  if (typeof Response !== 'function') return undefined
  const everybodys = (globalThis as { [SENDER]?: Sender })[SENDER]
  const OfThatKind = everybodys?.constructor as SenderClass | undefined
  patient ??= OfThatKind && new OfThatKind({ headersTimeout: 0, bodyTimeout: 0 })
  return patient
}

/**
 * The body of an answer of more than `ANSWER_BYTES_MAX` breaks off with an `EndlessAnswer`. By itself `fetch` gives up after five
 * minutes of silence, in which a model may think: the call would be paid, and asked again.
 */
export const boundedFetch: typeof fetch = async (url, init) => {
  const dispatcher = patientSender()
  const response = await fetch(url, dispatcher ? { ...init, dispatcher } : init)
  const { body, status, statusText, headers } = response
  if (body === null) return response
  return new Response(ReadableStream.from(bounded(body)), { status, statusText, headers })
}

async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new EndlessAnswer()
    yield chunk
  }
}
