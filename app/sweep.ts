/** Each minute: what no webhook told of. A missed webhook delays, and never loses. */
import { deliverOnce } from './door/finish.ts'
import { undecidedRuns } from './ledger/history.ts'
import { release } from './ledger/settle.ts'
import { abandonUnstarted, expireLost, SWEEP_RUNS_MAX } from './ledger/sweep.ts'
import { updateOutcome } from './outcome.ts'
import type { Parts } from './parts.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A self-hosted runner's queue may hold a job this long; a run that has not begun by then never will. */
const UNSTARTED_MS_MAX = DAY_MS
/** All tries of a dispatch together take less than this. */
const UNDISPATCHED_MS_MAX = 15 * 60_000
/** Deliveries that failed are tried again for this long, some at a time. */
const UNDELIVERED_MS_MAX = DAY_MS
const UNDELIVERED_AT_ONCE = 20
/** The longest that a rule can wait (`after-days`), and some. */
const UNDECIDED_MS_MAX = 91 * DAY_MS
const UNDECIDED_PAGES_MAX = 20
/** Webhooks are kept this long to know a redelivery, without their payloads once handled; GitHub redelivers for 3 days. */
export const WEBHOOK_RETENTION_DAYS = 7

export async function sweep(parts: Parts): Promise<void> {
  const now = parts.now()
  const lost = await expireLost(parts.prisma, now)
  const unstarted = await abandonUnstarted(parts.prisma, new Date(now.getTime() - UNSTARTED_MS_MAX), now)
  for (const runId of [...lost, ...unstarted]) {
    await updateOutcome(parts, runId)
    await parts.showLater(runId)
  }
  await releaseUndispatched(parts, now)
  await deliverUndelivered(parts, now)
  await decideUndecided(parts, now)
  await forgetWebhooks(parts)
  if (lost.length + unstarted.length > 0) parts.log.info({ lost: lost.length, unstarted: unstarted.length }, 'swept')
}

/** Runs whose dispatch was tried again and again without an answer of GitHub's. */
async function releaseUndispatched(parts: Parts, now: Date): Promise<void> {
  const runs = await parts.prisma.run.findMany({
    where: { state: 'reserved', createdAt: { lt: new Date(now.getTime() - UNDISPATCHED_MS_MAX) } },
    select: { id: true },
    take: SWEEP_RUNS_MAX,
  })
  for (const { id } of runs) {
    await release(parts.prisma, id, { conclusion: 'refused', reason: 'dispatch-failed' }, now)
    await parts.showLater(id)
  }
}

/** Work whose report was settled, but whose delivery was cut short. */
async function deliverUndelivered(parts: Parts, now: Date): Promise<void> {
  const since = new Date(now.getTime() - UNDELIVERED_MS_MAX)
  const rows = await parts.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run
    WHERE state = 'ended' AND ended_at > ${since} AND delivered_url IS NULL AND report ? 'delivery'
      AND conclusion IN ('completed', 'capped', 'failed', 'cancelled') AND reason IS DISTINCT FROM 'nothing-to-deliver'
    ORDER BY ended_at LIMIT ${UNDELIVERED_AT_ONCE}`
  for (const { id } of rows) {
    try {
      await deliverOnce(parts, id)
      await updateOutcome(parts, id)
      await parts.showLater(id)
    } catch (error) {
      parts.log.warn({ err: error, run: id }, 'a delivery failed again')
    }
  }
}

/** Rules that wait some days match without anything happening. */
async function decideUndecided(parts: Parts, now: Date): Promise<void> {
  const endedAfter = new Date(now.getTime() - UNDECIDED_MS_MAX)
  for (const { id } of await parts.prisma.repository.findMany({ select: { id: true } })) {
    let after: string | undefined
    for (let page = 0; page < UNDECIDED_PAGES_MAX; page += 1) {
      const runs = await undecidedRuns(parts.prisma, id, endedAfter, after)
      for (const run of runs) await updateOutcome(parts, run.id)
      after = runs.at(-1)?.id
      if (after === undefined) break
    }
  }
}

/** Payloads name people, so not even those that were never handled are kept longer. */
async function forgetWebhooks(parts: Parts): Promise<void> {
  const before = new Date(Date.now() - WEBHOOK_RETENTION_DAYS * DAY_MS)
  await parts.prisma.webhook.deleteMany({ where: { receivedAt: { lt: before } } })
}
