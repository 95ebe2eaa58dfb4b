import type { IncomingMessage } from 'node:http'

/** `undefined` when the body is longer than `bytesMax`; then the rest is not read. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > bytesMax) return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    bytes += part.length
    if (bytes > bytesMax) return undefined
    chunks.push(part)
  }
  return Buffer.concat(chunks, bytes)
}
