/** Webhooks that were stored and have no job: the process died in between, or at the last try. */
import type { PrismaClient } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'
import type { Work } from '../work.ts'

const REPOSITORIES_AT_ONCE = 100

/** Of those that came longer ago than `seconds`. One that still has a job is only looked at twice: what is handled is handled once. */
export async function requeueStranded(prisma: PrismaClient, work: Work, seconds: number): Promise<void> {
  await work.reviveDead()
  const stranded = await prisma.$queryRaw<{ repositoryId: bigint }[]>`
    SELECT DISTINCT repository_id AS "repositoryId" FROM webhook
    WHERE handled_at IS NULL AND ${isPast('received_at', seconds)} LIMIT ${REPOSITORIES_AT_ONCE}`
  for (const { repositoryId } of stranded) work.enqueueEvents(repositoryId)
}
