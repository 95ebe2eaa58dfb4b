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
  return write(JSON_TYPE, texts, Buffer.allocUnsafe(bytesOf(texts)))
}

/**
 * For a parameter `$1::text[]` that is long and often made: what is lent is used again. Memory outside of the heap that comes
 * and goes makes the collector mark the whole heap every few thousand webhooks.
 */
export class TextArrays {
  readonly #free: Buffer[] = []

  /** `array` is as it is until `use` has ended. */
  async lend<Result>(texts: readonly (string | null)[], use: (array: Buffer) => Promise<Result>): Promise<Result> {
    const bytes = bytesOf(texts)
    const free = this.#free.pop()
    const lent = free !== undefined && free.length >= bytes ? free : Buffer.allocUnsafe(bytes)
    const result = await use(write(TEXT_TYPE, texts, lent.subarray(0, bytes)))
    // After an error nobody knows whether it is still to be sent.
    if (lent.length <= KEPT_BYTES_MAX) this.#free.push(lent)
    return result
  }
}

function bytesOf(texts: readonly (string | null)[]): number {
  return texts.reduce((sum, text) => sum + 4 + (text === null ? 0 : Buffer.byteLength(text)), HEADER_BYTES)
}

function write(type: number, texts: readonly (string | null)[], bytes: Buffer): Buffer {
  const [dimensions, mayHoldNull, firstIndex] = [1, texts.includes(null) ? 1 : 0, 1]
  let at = 0
  for (const number of [dimensions, mayHoldNull, type, texts.length, firstIndex]) at = bytes.writeInt32BE(number, at)
  for (const text of texts) {
    if (text === null) {
      at = bytes.writeInt32BE(-1, at)
    } else {
      const length = bytes.write(text, at + 4)
      at = bytes.writeInt32BE(length, at) + length
    }
  }
  return bytes
}
