import { createHmac } from 'node:crypto'
import { WEBHOOK_SECRET } from './stage.ts'

/** Sends a webhook of one's own, signed as GitHub signs it; answers the status. */
export async function postWebhook(
  appUrl: string,
  { id, event, body }: { readonly id: string; readonly event: string; readonly body: string },
): Promise<number> {
  const response = await fetch(`${appUrl}/api/github/webhooks`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`,
    },
    body,
  })
  await response.arrayBuffer()
  return response.status
}
