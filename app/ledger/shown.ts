/** Whether GitHub has been shown what became of a run: noted with what became of it, so that no crash in between hides it. */
import { Prisma, type PrismaClient, type Run } from '../../prisma/client/client.ts'
import { isPast, leaseUntil } from '../database/clock.ts'
import { isHere } from './away.ts'

/** `show_after` of what has just changed: whoever changed it shows it long before, and the sweep where that was lost. */
export const showAfter = Prisma.sql`clock_timestamp() + interval '2 minutes'`

/** What could not be shown is tried again after this; so that it also gets out of the way of others. */
const AGAIN_SECONDS = 600

/** Notes within the same transaction that what became of a run has changed. */
export async function markUnshown(transaction: Prisma.TransactionClient, runId: string): Promise<void> {
  await transaction.$executeRaw`UPDATE run SET show_after = ${showAfter} WHERE id = ${runId}`
}

/** Notes that a run was shown as it had been read; what has changed meanwhile is still to be shown. */
export async function markShown(prisma: PrismaClient, run: Pick<Run, 'id' | 'showAfter'>): Promise<void> {
  if (run.showAfter === null) return
  await prisma.run.updateMany({ where: { id: run.id, showAfter: run.showAfter }, data: { showAfter: null } })
}

/** Takes on runs of which GitHub was not shown what became of them, the longest due first: so many at a time. */
export async function takeUnshown(prisma: PrismaClient, runsMax: number): Promise<readonly string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    UPDATE run SET show_after = ${leaseUntil(AGAIN_SECONDS)} WHERE id IN (
      SELECT id FROM run WHERE ${isPast('show_after')} AND ${isHere} ORDER BY show_after LIMIT ${runsMax} FOR UPDATE SKIP LOCKED
    ) RETURNING id`
  return rows.map(({ id }) => id)
}
