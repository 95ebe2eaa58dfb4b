/** `fetch`, for answers that come to an end. */

/** Of one answer, also of an error. The longest that a call may ask for has a third of this with all its wrapping. */
export const ANSWER_BYTES_MAX = 24_000_000

export class EndlessAnswer extends Error {
  constructor() {
    super(`the provider’s answer has more than ${ANSWER_BYTES_MAX} bytes`)
  }
}

/** The body of an answer of more than `ANSWER_BYTES_MAX` breaks off with an `EndlessAnswer`. */
export const boundedFetch: typeof fetch = async (url, init) => {
  const response = await fetch(url, init)
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
