/**
 * When GitHub is asked of a run what became of it, besides what its webhooks tell: soon at first, then after as long again
 * as it is old, so that each run is asked about a dozen times in all.
 */
import { Prisma, type PrismaClient, type Run } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'
import { isHere } from './away.ts'

const FIRST_SECONDS = 600
/** From its reservation on: until nothing was heard of a run for so long, or its outcome has stood for so long. */
const UNDECIDED_DAYS = 14
const DECIDED_DAYS = 3

/** `look_after` of a run whose job was just asked for, or that has just ended. */
export const lookAfter = Prisma.sql`clock_timestamp() + interval '10 minutes'`

/** Takes on runs that are due, the longest first, so many at a time; each is due again later, whatever becomes of the look. */
export async function takeUnlooked(prisma: PrismaClient, runsMax: number): Promise<readonly Run[]> {
  const age = Prisma.sql`(clock_timestamp() - COALESCE(reserved_at, created_at))`
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    UPDATE run SET look_after = CASE
      WHEN ${age} < make_interval(days => CASE WHEN outcome = 'pending' THEN ${UNDECIDED_DAYS}::int ELSE ${DECIDED_DAYS}::int END)
      THEN clock_timestamp() + greatest(${age}, make_interval(secs => ${FIRST_SECONDS})) END
    WHERE id IN (
      SELECT id FROM run WHERE ${isPast('look_after')} AND ${isHere}
      ORDER BY look_after LIMIT ${runsMax} FOR UPDATE SKIP LOCKED
    ) RETURNING id`
  return prisma.run.findMany({ where: { id: { in: rows.map(({ id }) => id) } } })
}
