/** What the App's schedule looks after: runs whose jobs vanished or never began. */
import { DELIVERY_MS_MAX, undeliverableReason } from '../../core/run-life.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { leaseIsOver } from '../database/clock.ts'
import type { Ledger } from './ledger.ts'
import { expire, release } from './settle.ts'

/** How many runs one sweep takes on; the next takes the rest. */
export const SWEEP_RUNS_MAX = 100

/** Ends claimed runs whose lease ran out (`failed`, `lost`), by the database's clock; returns their ids. */
export async function expireLost(ledger: Ledger, now: Date): Promise<readonly string[]> {
  const lost = await ledger.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state = 'claimed' AND ${leaseIsOver} ORDER BY lease_until LIMIT ${SWEEP_RUNS_MAX}`
  return endEach(lost, (id) => expire(ledger, id, now, 'over'))
}

/** Ends runs that were reserved or dispatched before `olderThan` and never claimed (`refused`, `never-started`); returns their ids. */
export async function abandonUnstarted(ledger: Ledger, olderThan: Date, now: Date): Promise<readonly string[]> {
  const unstarted = await ledger.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state IN ('reserved', 'dispatched') AND reserved_at < ${olderThan}
    ORDER BY reserved_at LIMIT ${SWEEP_RUNS_MAX}`
  return endEach(unstarted, (id) => release(ledger, id, 'never-started', now))
}

/** Ends runs that were reserved before `olderThan` and whose dispatch GitHub never answered (`refused`, `dispatch-failed`); returns their ids. */
export async function abandonUndispatched(ledger: Ledger, olderThan: Date, now: Date): Promise<readonly string[]> {
  const undispatched = await ledger.prisma.run.findMany({
    where: { state: 'reserved', reservedAt: { lt: olderThan } },
    orderBy: { reservedAt: 'asc' },
    take: SWEEP_RUNS_MAX,
    select: { id: true },
  })
  return endEach(undispatched, (id) => release(ledger, id, 'dispatch-failed', now))
}

/** Runs whose work `isDeliveryDue` says is still to be delivered, the oldest first; some at a time. */
export async function undeliveredRuns(prisma: PrismaClient, now: Date, runsMax: number): Promise<readonly string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run
    WHERE state = 'ended' AND delivered_at IS NULL AND report IS NOT NULL
      AND reason IS DISTINCT FROM ${undeliverableReason} AND ended_at > ${new Date(now.getTime() - DELIVERY_MS_MAX)}
    ORDER BY ended_at LIMIT ${runsMax}`
  return rows.map(({ id }) => id)
}

/** One after the other; a run that somebody else ended meanwhile is not counted. */
async function endEach(
  runs: readonly { readonly id: string }[],
  end: (id: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const ended: string[] = []
  for (const { id } of runs) if (await end(id)) ended.push(id)
  return ended
}
