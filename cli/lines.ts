/** Lines of a stream in bounded memory. */

/** Yields each line without its end, or `undefined` for one of more than `bytesMax` bytes, which is not kept. */
export async function* linesOf(stream: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = []
  let bytes = 0
  const take = (part: Buffer): void => {
    bytes += part.length
    if (bytes <= bytesMax) parts.push(part)
    else parts = []
  }
  const line = (): string | undefined => {
    const text = bytes > bytesMax ? undefined : Buffer.concat(parts).toString('utf8').replace(/\r$/, '')
    parts = []
    bytes = 0
    return text
  }
  for await (const chunk of stream) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, end))
      yield line()
      from = end + 1
    }
    take(chunk.subarray(from))
  }
  if (bytes > 0) yield line()
}
