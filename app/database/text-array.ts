/** Many texts as one value. */

/** PostgreSQL's own numbers of the types. */
const JSON_TYPE = 114
const TEXT_TYPE = 25
const HEADER_BYTES = 20

/** Longer buffers are not kept. */
const KEPT_BYTES_MAX = 4_000_000

/**
 * For a parameter `$1::json[]`, in PostgreSQL's binary form. As text each quote within would be escaped here and read again
 * there; and as a parameter each, every number of texts would be another statement, to be prepared anew.
 */
export function jsonArray(texts: readonly (string | null)[]): Buffer {
  return arrayOf(JSON_TYPE, texts, (bytes) => Buffer.allocUnsafe(bytes))
}

/**
 * For a parameter `$1::text[]` that is long and often made: what is lent is used again. Memory outside of the heap that comes
 * and goes makes the collector mark the whole heap every few thousand webhooks.
 */
export class TextArrays {
  readonly #free: Buffer[] = []

  /** `array` is as it is until `use` has ended. */
  async lend<Result>(texts: readonly (string | null)[], use: (array: Buffer) => Promise<Result>): Promise<Result> {
    let lent = this.#free.pop()
    const array = arrayOf(TEXT_TYPE, texts, (bytes) => {
      if (lent === undefined || lent.length < bytes) lent = Buffer.allocUnsafe(bytes)
      return lent.subarray(0, bytes)
    })
    const result = await use(array)
    // After an error nobody knows whether it is still to be sent.
    if (lent !== undefined && lent.length <= KEPT_BYTES_MAX) this.#free.push(lent)
    return result
  }
}

function arrayOf(type: number, texts: readonly (string | null)[], bufferOf: (bytes: number) => Buffer): Buffer {
  const sizes = texts.map((text) => (text === null ? 0 : Buffer.byteLength(text)))
  const bytes = bufferOf(sizes.reduce((sum, size) => sum + 4 + size, HEADER_BYTES))
  let at = 0
  const put = (number: number) => {
    at = bytes.writeInt32BE(number, at)
  }
  const [dimensions, mayHoldNull, firstIndex] = [1, texts.includes(null) ? 1 : 0, 1]
  for (const number of [dimensions, mayHoldNull, type, texts.length, firstIndex]) put(number)
  for (const [index, text] of texts.entries()) {
    put(text === null ? -1 : (sizes[index] ?? 0))
    if (text !== null) at += bytes.write(text, at)
  }
  return bytes
}
