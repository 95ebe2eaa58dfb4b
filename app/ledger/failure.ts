/** How often runs of a family failed in the same way: counted once a run, when its end is first shown. */
import { createHash } from 'node:crypto'
import { failureOf, failureText, type Repeated } from '../../core/run/failure.ts'
import type { Failure, PrismaClient, Run } from '../../prisma/client/client.ts'
import { storedReport } from './stored.ts'

/** Undefined where the run did not fail. */
export async function noteFailure(prisma: PrismaClient, run: Run): Promise<Repeated | undefined> {
  const failure = run.state === 'ended' ? failureOf(run, storedReport(run)) : undefined
  if (failure === undefined) return undefined
  const fingerprint = run.failure ?? createHash('sha256').update(failureText(failure)).digest('hex')
  const { id, repositoryId, family, endedAt } = run
  const { reason, step = null } = failure
  await prisma.$executeRaw`
    WITH marked AS (UPDATE run SET failure = ${fingerprint} WHERE id = ${id} AND failure IS NULL RETURNING id)
    INSERT INTO failure (repository_id, family, fingerprint, reason, step, count, first_at, last_at)
    SELECT ${repositoryId}, ${family}, ${fingerprint}, ${reason}, ${step}, 1, ${endedAt}, ${endedAt} FROM marked
    ON CONFLICT (repository_id, family, fingerprint) DO UPDATE SET
      count = failure.count + 1, last_at = GREATEST(failure.last_at, EXCLUDED.last_at)`
  const key = { repositoryId, family, fingerprint }
  const { count, firstAt } = await prisma.failure.findUniqueOrThrow({
    where: { repositoryId_family_fingerprint: key },
  })
  return { count, since: dayOf(firstAt) }
}

/** The first run on the same subject that failed so: what was said of it there is said of the later ones too. */
export async function firstFailedAlike(
  prisma: PrismaClient,
  { id, repositoryId, subjectKey, family }: Run,
): Promise<Pick<Run, 'id' | 'sessionId'>> {
  const { failure, sessionId } = await prisma.run.findUniqueOrThrow({ where: { id } })
  const alike = await prisma.run.findFirst({
    where: { repositoryId, subjectKey, family, failure: failure ?? '' },
    orderBy: { createdAt: 'asc' },
    select: { id: true, sessionId: true },
  })
  return alike ?? { id, sessionId }
}

/** The newest ways in which these families fail. Of each family by itself, along its index: of several at once all would be sorted. */
export async function failuresOf(
  prisma: PrismaClient,
  repositoryId: bigint,
  families: readonly string[],
): Promise<readonly Failure[]> {
  const each = families.map((family) =>
    prisma.failure.findMany({
      where: { repositoryId, family },
      orderBy: { lastAt: 'desc' },
      take: FAILURES_SHOWN_MAX,
    }),
  )
  const failures = (await Promise.all(each)).flat()
  return failures.toSorted((a, b) => b.lastAt.getTime() - a.lastAt.getTime()).slice(0, FAILURES_SHOWN_MAX)
}

const FAILURES_SHOWN_MAX = 5

export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10)
}
