/** What the App's schedule looks after: runs whose jobs vanished or never began. */
import type { PrismaClient } from '../../prisma/client/client.ts'
import { leaseIsOver } from '../database/clock.ts'
import { expire, release } from './settle.ts'

/** How many runs one sweep takes on; the next takes the rest. */
export const SWEEP_RUNS_MAX = 100

/** Ends claimed runs whose lease ran out (`failed`, `lost`), by the database's clock; returns their ids. */
export async function expireLost(prisma: PrismaClient, now: Date): Promise<readonly string[]> {
  const lost = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state = 'claimed' AND ${leaseIsOver} ORDER BY lease_until LIMIT ${SWEEP_RUNS_MAX}`
  const ending = { conclusion: 'failed', reason: 'lost' } as const
  return endEach(lost, (id) => expire(prisma, id, ending, now, 'over'))
}

/** Ends runs that were reserved or dispatched before `olderThan` and never claimed (`refused`, `never-started`); returns their ids. */
export async function abandonUnstarted(prisma: PrismaClient, olderThan: Date, now: Date): Promise<readonly string[]> {
  const unstarted = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE state IN ('reserved', 'dispatched') AND created_at < ${olderThan}
    ORDER BY created_at LIMIT ${SWEEP_RUNS_MAX}`
  const ending = { conclusion: 'refused', reason: 'never-started' } as const
  return endEach(unstarted, (id) => release(prisma, id, ending, now))
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
