/** What all doors share: a bounded body, and an answer in one piece. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * `undefined` when the body is longer than `bytesMax`; then the rest is not kept. By events, a tenth of what iterating takes.
 * Rejects where it was cut off.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > bytesMax) return Promise.resolve(undefined)
  // An error of our own: Node's has a code that would be taken for the database's.
  const cutOff = new Error('the request was cut off')
  // Of one that ended before anybody read it nothing is told any more.
  if (request.destroyed) return Promise.reject(cutOff)
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    request.on('data', (part: Buffer) => {
      bytes += part.length
      parts.push(part)
      if (bytes <= bytesMax) return
      // What else comes is thrown away: left unread it would hold up the next request on the connection for ever.
      request.removeAllListeners('data').resume()
      resolve(undefined)
    })
    request.once('end', () => {
      const [first, ...others] = parts
      resolve(first !== undefined && others.length === 0 ? first : Buffer.concat(parts, bytes))
    })
    request.once('error', () => reject(cutOff))
  })
}

export function sendText(response: ServerResponse, status: number, message: string): void {
  answer(response, status, 'text/plain', `${message}\n`)
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, 'application/json', JSON.stringify(body))
}

/**
 * With its length, head and body are written at once; else in chunks. The rest of a body that was not wanted is thrown away as it
 * comes, within the server's time for a whole request: whoever still sends it would else never read the answer.
 */
function answer(response: ServerResponse, status: number, type: string, body: string): void {
  const headers = { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, headers).end(body)
}
