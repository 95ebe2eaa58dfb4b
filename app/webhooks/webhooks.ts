/**
 * The way in for webhooks: verify, store raw, acknowledge. GitHub gives ten seconds and never tries again by itself, so
 * nothing is done here besides; and an event that could not be stored is never acknowledged.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Webhooks } from '@octokit/webhooks'
import { z } from 'zod'
import { readBody, sendText } from '../http.ts'
import type { Logger } from '../log.ts'

/** GitHub sends no payload above this. */
export const WEBHOOK_BYTES_MAX = 25_000_000

/** The events that the App listens to, with the actions that matter where not all do; the rest is acknowledged and dropped. */
const LISTENED = {
  issue_comment: ['created'],
  issues: ['labeled', 'unlabeled', 'closed', 'reopened'],
  pull_request: 'all',
  pull_request_review: 'all',
  push: 'all',
  repository_dispatch: 'all',
  check_run: ['completed'],
  check_suite: ['completed'],
  status: 'all',
  workflow_run: ['completed'],
  workflow_job: ['completed'],
  repository: 'all',
  installation: 'all',
  installation_repositories: 'all',
} as const satisfies Record<string, readonly string[] | 'all'>
export type EventName = keyof typeof LISTENED
export const EVENTS = Object.keys(LISTENED) as EventName[]

export interface WebhookDoor {
  readonly store: StoreWebhook
  readonly secret: string
  readonly log: Logger
}

/** An event as it came, or as it was found. */
export interface NewWebhook {
  /** The same event has the same one, however often it comes. */
  readonly deliveryId: string
  readonly event: EventName
  /** 0 where it is about none. */
  readonly repositoryId: bigint
  /** The payload's JSON. */
  readonly text: string
}

/** Resolves once it is kept and will be worked off. */
export type StoreWebhook = (webhook: NewWebhook) => Promise<void>

export type HandleRequest = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const headersSchema = z.object({
  'x-github-event': z.string().max(100),
  'x-github-delivery': z.string().regex(/^[\w-]{1,100}$/),
  'x-hub-signature-256': z.string().max(200),
})
/** What every event that is kept has; the rest is read by its handler. */
type WebhookPayload = z.infer<typeof payloadSchema>
const payloadSchema = z.object({
  action: z.string().optional(),
  repository: z.object({ id: z.int() }).optional(),
})

export function createWebhookDoor(door: WebhookDoor): HandleRequest {
  const { verify } = new Webhooks({ secret: door.secret })
  return async (request, response) => {
    const headers = headersSchema.safeParse(request.headers)
    if (!headers.success) return sendText(response, 400, 'GitHub’s event, delivery and signature headers were expected')
    const body = await readBody(request, WEBHOOK_BYTES_MAX)
    if (body === undefined) return sendText(response, 413, `at most ${WEBHOOK_BYTES_MAX} bytes were expected`)
    const text = body.toString('utf8')
    const { data } = headers
    const deliveryId = data['x-github-delivery']
    if (!(await isSigned(verify, text, data['x-hub-signature-256']))) {
      door.log.warn({ delivery: deliveryId }, 'webhook with a bad signature')
      return sendText(response, 401, 'the signature does not match')
    }
    const event = EVENTS.find((name) => name === data['x-github-event'])
    if (event === undefined) return sendText(response, 202, 'not listened to')
    const payload = parsePayload(text)
    if (payload === undefined) return sendText(response, 400, 'JSON was expected')
    if (!isListenedTo(event, payload.action)) return sendText(response, 202, 'not listened to')
    await door.store({ deliveryId, event, repositoryId: repositoryOf(payload), text })
    sendText(response, 202, 'stored')
  }
}

function repositoryOf({ repository }: WebhookPayload): bigint {
  return BigInt(repository?.id ?? 0)
}

/** Whether an event is one that the App works off. */
export function isListenedTo(name: string, action: string | undefined): boolean {
  const event = EVENTS.find((one) => one === name)
  const actions: readonly string[] | 'all' = event === undefined ? [] : LISTENED[event]
  return actions === 'all' || (action !== undefined && actions.includes(action))
}

async function isSigned(verify: Webhooks['verify'], text: string, signature: string): Promise<boolean> {
  try {
    return await verify(text, signature)
  } catch {
    return false
  }
}

function parsePayload(text: string): WebhookPayload | undefined {
  try {
    return payloadSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
