/** What the App's schedule looks after: runs whose jobs vanished or never began. All by the database's clock. */
import { undeliverableReason } from '../../core/run/run-life.ts'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'
import { isPast, leaseIsOver, leaseUntil } from '../database/clock.ts'
import { isHere } from './away.ts'
import type { Ledger } from './ledger.ts'
import { expire, release } from './settle.ts'

/** How many runs one sweep takes on; the next takes the rest. */
export const SWEEP_RUNS_MAX = 100
/** What could not be ended is tried again after this, and until then is in nobody's way. */
const AGAIN_SECONDS = 600

/** What one sweep has ended, and what it could not end. A run that somebody else ended meanwhile is in neither. */
export interface Swept {
  readonly ended: readonly string[]
  readonly failed: readonly { readonly runId: string; readonly error: unknown }[]
}

/** Ends claimed runs whose lease ran out (`failed`, `lost`). */
export async function expireLost(ledger: Ledger, now: Date): Promise<Swept> {
  const lost = await ledger.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state = 'claimed' AND ${leaseIsOver} AND ${mayBeTried}
    ORDER BY lease_until LIMIT ${SWEEP_RUNS_MAX}`
  return endEach(ledger, lost, (id) => expire(ledger, id, now, 'over'))
}

/** Ends runs that were reserved or dispatched so many seconds ago and never claimed (`refused`, `never-started`). */
export async function abandonUnstarted(ledger: Ledger, seconds: number, now: Date): Promise<Swept> {
  const unstarted = await ledger.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state IN ('reserved', 'dispatched') AND ${isPast('reserved_at', seconds)} AND ${mayBeTried}
    ORDER BY reserved_at LIMIT ${SWEEP_RUNS_MAX}`
  return endEach(ledger, unstarted, (id) => release(ledger, id, 'never-started', now))
}

/** Ends runs that were reserved so many seconds ago and whose dispatch GitHub never answered (`refused`, `dispatch-failed`). */
export async function abandonUndispatched(ledger: Ledger, seconds: number, now: Date): Promise<Swept> {
  const undispatched = await ledger.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state = 'reserved' AND ${isPast('reserved_at', seconds)} AND ${mayBeTried}
    ORDER BY reserved_at LIMIT ${SWEEP_RUNS_MAX}`
  return endEach(ledger, undispatched, (id) => release(ledger, id, 'dispatch-failed', now))
}

/** Runs whose work `isDeliveryDue` says is still to be delivered and may be tried, the longest due first; some at a time. */
export async function undeliveredRuns(prisma: PrismaClient, runsMax: number): Promise<readonly string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run
    WHERE state = 'ended' AND delivered_at IS NULL AND report IS NOT NULL AND reason IS DISTINCT FROM ${undeliverable}
      AND (delivering_until IS NULL OR ${isPast('delivering_until')}) AND ${isHere}
    ORDER BY delivering_until NULLS FIRST LIMIT ${runsMax}`
  return rows.map(({ id }) => id)
}

/** As text, so that the planner knows the condition of the index. */
const undeliverable = Prisma.raw(`'${undeliverableReason}'`)

const mayBeTried = Prisma.sql`(sweep_after IS NULL OR ${isPast('sweep_after')})`

/** All at once, so that the ledger ends many in one transaction; one that fails fails alone. */
async function endEach(
  ledger: Ledger,
  runs: readonly { readonly id: string }[],
  end: (id: string) => Promise<boolean>,
): Promise<Swept> {
  const answers = await Promise.allSettled(runs.map(({ id }) => end(id)))
  const ended: string[] = []
  const failed: { runId: string; error: unknown }[] = []
  for (const [index, { id }] of runs.entries()) {
    const answer = answers[index]
    if (answer?.status === 'rejected') failed.push({ runId: id, error: answer.reason })
    else if (answer?.value === true) ended.push(id)
  }
  if (failed.length > 0) await putBehind(ledger.prisma, failed)
  return { ended, failed }
}

async function putBehind(prisma: PrismaClient, failed: Swept['failed']): Promise<void> {
  await prisma.$executeRaw`
    UPDATE run SET sweep_after = ${leaseUntil(AGAIN_SECONDS)} WHERE id = ANY(${failed.map(({ runId }) => runId)})`
}
