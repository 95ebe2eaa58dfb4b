/** Each minute: what no webhook told of. A missed webhook delays, and never loses. */
import { deliverOnce } from './door/finish.ts'
import { dueRuns } from './ledger/history.ts'
import { abandonUndispatched, abandonUnstarted, expireLost, undeliveredRuns } from './ledger/sweep.ts'
import { type FindJurisdiction, findOnce, putOff, updateOutcome } from './outcome.ts'
import type { Parts } from './parts.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A self-hosted runner's queue may hold a job this long; a run that has not begun by then never will. */
const UNSTARTED_MS_MAX = DAY_MS
/** All tries of a dispatch together take less than this. */
const UNDISPATCHED_MS_MAX = 15 * 60_000
/** Deliveries that failed are tried again, and outcomes that are due decided, so many in one sweep. */
const UNDELIVERED_AT_ONCE = 20
const DUE_AT_ONCE = 200
/** Webhooks are kept this long to know a redelivery, without their payloads once handled; GitHub redelivers for 3 days. */
export const WEBHOOK_RETENTION_DAYS = 7

export async function sweep(parts: Parts): Promise<void> {
  const now = parts.now()
  const before = (ms: number) => new Date(now.getTime() - ms)
  const find = findOnce(parts)
  const lost = await expireLost(parts.ledger, now)
  const unstarted = [
    ...(await abandonUnstarted(parts.ledger, before(UNSTARTED_MS_MAX), now)),
    ...(await abandonUndispatched(parts.ledger, before(UNDISPATCHED_MS_MAX), now)),
  ]
  for (const runId of [...lost, ...unstarted]) await parts.showLater(runId)
  await deliverUndelivered(parts, find, now)
  await decideDue(parts, find, now)
  await forgetWebhooks(parts)
  if (lost.length + unstarted.length > 0) parts.log.info({ lost: lost.length, unstarted: unstarted.length }, 'swept')
}

/** Work whose report was settled, but whose delivery was cut short. */
async function deliverUndelivered(parts: Parts, find: FindJurisdiction, now: Date): Promise<void> {
  for (const id of await undeliveredRuns(parts.prisma, now, UNDELIVERED_AT_ONCE)) {
    try {
      await deliverOnce(parts, id)
      await updateOutcome(parts, id, find)
      await parts.showLater(id)
    } catch (error) {
      parts.log.warn({ err: error, run: id }, 'a delivery failed again')
    }
  }
}

/** Rules that wait some days match without anything happening; and a process may have died before it decided. */
async function decideDue(parts: Parts, find: FindJurisdiction, now: Date): Promise<void> {
  for (const { id } of await dueRuns(parts.prisma, now, DUE_AT_ONCE)) {
    try {
      await updateOutcome(parts, id, find)
    } catch (error) {
      // One repository's trouble must not keep the others waiting.
      parts.log.warn({ err: error, run: id }, 'an outcome could not be decided')
      await putOff(parts, id)
    }
  }
}

/** Payloads name people, so not even those that were never handled are kept longer. */
async function forgetWebhooks(parts: Parts): Promise<void> {
  const before = new Date(Date.now() - WEBHOOK_RETENTION_DAYS * DAY_MS)
  await parts.prisma.webhook.deleteMany({ where: { receivedAt: { lt: before } } })
}
