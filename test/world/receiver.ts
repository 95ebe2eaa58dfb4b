import { createServer } from 'node:http'
import { Webhooks } from '@octokit/webhooks'
import { close, listen } from './server.ts'

export type Received = { event: string; id: string; payload: Record<string, unknown>; signed: boolean }

/** A listener where the App would be: it keeps what came and whether its signature held. */
export async function startReceiver(secret: string) {
  const webhooks = new Webhooks({ secret })
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const signed = await webhooks.verify(body, String(request.headers['x-hub-signature-256']))
    const event = String(request.headers['x-github-event'])
    received.push({ event, id: String(request.headers['x-github-delivery']), payload: JSON.parse(body), signed })
    response.writeHead(202).end()
  })
  const url = await listen(server)
  return {
    url,
    received,
    events: (name: string, action?: string): Record<string, unknown>[] =>
      received
        .filter((one) => one.event === name && (action === undefined || one.payload.action === action))
        .map((one) => one.payload),
    close: () => close(server),
  }
}
