/** Many texts as one value. */

/** PostgreSQL's own numbers of the types. */
const JSON_TYPE = 114
const TEXT_TYPE = 25
const HEADER_BYTES = 20

/**
 * For a parameter `$1::text[]`, in PostgreSQL's binary form. As text each quote within would be escaped here and read again
 * there; and as a parameter each, every number of texts would be another statement, to be prepared anew.
 */
export function textArray(texts: readonly (string | null)[]): Buffer {
  return arrayOf(TEXT_TYPE, texts)
}

/** For a parameter `$1::json[]`. */
export function jsonArray(texts: readonly (string | null)[]): Buffer {
  return arrayOf(JSON_TYPE, texts)
}

function arrayOf(type: number, texts: readonly (string | null)[]): Buffer {
  const sizes = texts.map((text) => (text === null ? 0 : Buffer.byteLength(text)))
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + 4 + size, HEADER_BYTES))
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
