/** Works a stored webhook off through Probot's handlers; then its payload, which names people, is emptied. */
import type { Probot } from 'probot'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { Prisma, type Prisma as PrismaTypes } from '../../prisma/client/client.ts'
import { errorFacts, type Logger } from '../log.ts'
import { EVENTS } from './webhooks.ts'

const PROBLEM_CHARACTERS_MAX = 300

export interface WebhookHandling {
  readonly prisma: PrismaClient
  readonly probot: Probot
  readonly log: Logger
}

/** Throws when it should be tried again. At the last try the webhook is given up instead, and the problem kept. */
export async function handleWebhook(
  { prisma, probot, log }: WebhookHandling,
  deliveryId: string,
  isLast: boolean,
): Promise<void> {
  const webhook = await prisma.webhook.findUnique({ where: { deliveryId } })
  const name = EVENTS.find((event) => event === webhook?.event)
  if (!webhook || webhook.handledAt !== null || webhook.payload === null || name === undefined) return
  const handled = { handledAt: new Date(), payload: Prisma.DbNull, attempts: { increment: 1 } }
  try {
    await receive(probot, deliveryId, name, webhook.payload)
    await prisma.webhook.update({ where: { deliveryId }, data: { ...handled, problem: null } })
  } catch (error) {
    const problem = problemOf(error)
    const attempt = { attempts: { increment: 1 }, problem }
    await prisma.webhook.update({ where: { deliveryId }, data: isLast ? { ...handled, problem } : attempt })
    log[isLast ? 'error' : 'warn']({ delivery: deliveryId, name, err: errorFacts(error) }, 'webhook not handled')
    if (!isLast) throw new Error(problem)
  }
}

/** The payload was verified when it came; its shape is GitHub's own, which Probot's types state. */
function receive(
  probot: Probot,
  id: string,
  name: (typeof EVENTS)[number],
  payload: PrismaTypes.JsonValue,
): Promise<void> {
  const event = { id, name, payload } as unknown as Parameters<Probot['receive']>[0]
  return probot.receive(event)
}

/** Errors of handlers come bundled, and with the event: only the first one's own words are kept. */
function problemOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  const message = first instanceof Error ? first.message : String(first)
  return message.split('\n', 1)[0]?.slice(0, PROBLEM_CHARACTERS_MAX) ?? 'unknown'
}
