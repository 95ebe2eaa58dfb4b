/**
 * Works off what is stored of a repository, in the order in which it came. The job that does so says only whose turn it is: what
 * is to be done stands in the table of webhooks, so that each costs two statements.
 */
import type { Probot } from 'probot'
import { storableText } from '../database/json.ts'
import { type Connections, oneSql, type Statement } from '../database/transact.ts'
import { errorFacts, type Logger } from '../log.ts'
import { digestOfPush } from './pushed-head.ts'
import { EVENTS } from './webhooks.ts'

/** Tries of one webhook; after the last it is given up, and what went wrong is kept. */
export const TRIES_MAX = 6
const PROBLEM_CHARACTERS_MAX = 300

export interface WebhookHandling {
  readonly connections: Connections
  readonly probot: Probot
  readonly log: Logger
}

interface Taken {
  readonly deliveryId: string
  readonly event: string
  /** Null where another process has handled it in this very moment. */
  readonly payload: string | null
  /** With this one. */
  readonly tries: number
}

/** Counted before it is tried: one that ends the process each time is given up as well. */
const TAKE: Statement = {
  name: 'take_webhook',
  text: `
    UPDATE webhook SET attempts = attempts + 1
    WHERE delivery_id = (
      SELECT delivery_id FROM webhook WHERE repository_id = $1 AND handled_at IS NULL ORDER BY number LIMIT 1
    )
    RETURNING delivery_id AS "deliveryId", event, payload, attempts AS tries`,
}

/** Its payload names people, and goes. What another process has handled, while this one gave no sign of life, stays as that left it. */
const HANDLED: Statement = {
  name: 'webhook_handled',
  text: `
    UPDATE webhook SET handled_at = clock_timestamp(), payload = NULL, problem = $2, pushed = $3
    WHERE delivery_id = $1 AND handled_at IS NULL`,
}

const FAILED: Statement = {
  name: 'webhook_failed',
  text: 'UPDATE webhook SET problem = $2 WHERE delivery_id = $1 AND handled_at IS NULL',
}

/** Says whether all is done. Throws when one has to be tried again. */
export async function workOff(
  handling: WebhookHandling,
  repositoryId: bigint,
  mayGoOn: () => boolean,
): Promise<boolean> {
  while (mayGoOn()) {
    const [taken] = await oneSql<Taken>(handling.connections, TAKE, [String(repositoryId)])
    if (taken === undefined) return true
    await handle(handling, taken)
  }
  return false
}

async function handle({ connections, probot, log }: WebhookHandling, taken: Taken): Promise<void> {
  const { deliveryId, event: name, tries } = taken
  try {
    if (tries > TRIES_MAX) throw new Error('the App ended each time that it was tried')
    const pushed = await receive(probot, taken)
    await oneSql(connections, HANDLED, [deliveryId, null, pushed])
  } catch (error) {
    const problem = problemOf(error)
    const isLast = tries >= TRIES_MAX
    if (isLast) await oneSql(connections, HANDLED, [deliveryId, problem, null])
    else await oneSql(connections, FAILED, [deliveryId, problem])
    log[isLast ? 'error' : 'warn']({ delivery: deliveryId, name, err: errorFacts(error) }, 'webhook not handled')
    if (!isLast) throw new Error(problem)
  }
}

/** The payload was verified when it came; its shape is GitHub's own, which Probot's types state. Answers what stays of it. */
async function receive(probot: Probot, { deliveryId, event, payload }: Taken): Promise<string | null> {
  const name = EVENTS.find((one) => one === event)
  // One that an earlier version listened to.
  if (name === undefined || payload === null) return null
  const parsed: unknown = JSON.parse(payload)
  const told = { id: deliveryId, name, payload: parsed } as unknown as Parameters<Probot['receive']>[0]
  await probot.receive(told)
  return name === 'push' ? digestOfPush(parsed) : null
}

/** Errors of handlers come bundled, and with the event: only the first one's own words are kept. */
function problemOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  const message = first instanceof Error ? first.message : String(first)
  return storableText(message.split('\n', 1)[0]?.slice(0, PROBLEM_CHARACTERS_MAX) ?? 'unknown')
}
