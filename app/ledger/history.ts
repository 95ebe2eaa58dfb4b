/** The bounded looks into the past that the App takes; each rests on an index. */
import { QUOTE_RUNS_MAX } from '../../core/money/quote.ts'
import { holdingStates } from '../../core/run/run-life.ts'
import { Prisma, type PrismaClient, type Run, type Session } from '../../prisma/client/client.ts'
import { isHere } from './away.ts'
import { momentSql, sideSql } from './tally.ts'

/**
 * The spend of the newest `QUOTE_RUNS_MAX` runs of a family and variant that were worked through (`completed`, `withheld`
 * or `capped`) among the newest `LOOKED_THROUGH_MAX`, newest first. What failed half-way says little about what such runs cost, and so
 * does what had nothing to do and called no model: whoever asks for the price has something to be done. Of a standard that was a
 * variant until it was promoted here, its runs under that name count, and not those of the standard before.
 */
export async function recentSpends(
  prisma: PrismaClient,
  repositoryId: bigint,
  family: string,
  variant: string | null,
): Promise<readonly bigint[]> {
  const changed = variant === null ? await lastChange(prisma, repositoryId, family) : null
  const own = await spendsOf(prisma, { repositoryId, family, variant }, changed?.decidedAt ?? undefined)
  if (changed?.decision !== 'promote' || own.length === QUOTE_RUNS_MAX) return own
  const asVariant = await spendsOf(prisma, { repositoryId, family, variant: changed.variant })
  return [...own, ...asVariant].slice(0, QUOTE_RUNS_MAX)
}

/** The last merge that put another in the place of the family's standard. */
function lastChange(prisma: PrismaClient, repositoryId: bigint, family: string) {
  return prisma.promotion.findFirst({
    where: { repositoryId, family, decision: { in: ['promote', 'rollback'] }, state: 'merged' },
    orderBy: { decidedAt: 'desc' },
  })
}

/** Of a workflow that hardly ever has something to do, or fails nearly always, so many of its newest runs are looked through. */
const LOOKED_THROUGH_MAX = 4 * QUOTE_RUNS_MAX

async function spendsOf(
  prisma: PrismaClient,
  side: Pick<Run, 'repositoryId' | 'family' | 'variant'>,
  from = new Date(0),
): Promise<readonly bigint[]> {
  const of = sideSql({ ...side, repositoryId: Prisma.sql`${side.repositoryId}` })
  // By all of the index: `variant IS NULL` fixes no value in the planner's eyes, and it would sort all runs that have ended.
  const newestFirst = Prisma.sql`ORDER BY variant, ended_at DESC`
  // What goes on from another run costs less than a whole one.
  const runs = await prisma.$queryRaw<{ spent: bigint }[]>`
    SELECT spent_micro_usd AS spent FROM (
      SELECT variant, ended_at, spent_micro_usd, continues_run_id, conclusion, reason FROM run
      WHERE ${of} AND ended_at >= ${momentSql(from)} ${newestFirst} LIMIT ${LOOKED_THROUGH_MAX}
    ) AS newest
    WHERE continues_run_id IS NULL AND conclusion IN ('completed', 'withheld', 'capped')
      AND reason IS DISTINCT FROM 'nothing-to-do'
    ${newestFirst} LIMIT ${QUOTE_RUNS_MAX}`
  return runs.map(({ spent }) => spent)
}

/** The run that owns a hold on this subject, if any. */
export async function openRun(prisma: PrismaClient, repositoryId: bigint, subjectKey: string): Promise<Run | null> {
  return prisma.run.findFirst({
    where: { repositoryId, subjectKey, state: { in: [...holdingStates] } },
  })
}

/** The newest run on this subject that waits for `/agent go`. */
export async function waitingRun(
  prisma: PrismaClient,
  repositoryId: bigint,
  subjectKey: string,
): Promise<(Run & { session: Session }) | null> {
  return prisma.run.findFirst({
    where: { repositoryId, subjectKey, state: 'waiting' },
    orderBy: { createdAt: 'desc' },
    include: { session: true },
  })
}

/** The run that a command has started or proposed before, whatever became of it since. */
export async function runByCommand(
  prisma: PrismaClient,
  repositoryId: bigint,
  commandKey: string,
): Promise<Run | null> {
  return prisma.run.findFirst({ where: { session: { repositoryId, commandKey } }, orderBy: { createdAt: 'asc' } })
}

/** The run on this subject that an `/agent go` has been answered for before. */
export async function runByGo(
  prisma: PrismaClient,
  repositoryId: bigint,
  subjectKey: string,
  goKey: string,
): Promise<Run | null> {
  return prisma.run.findFirst({ where: { repositoryId, subjectKey, goKey }, orderBy: { createdAt: 'desc' } })
}

/** How many runs one look takes. */
export const WATCHED_RUNS_MAX = 100

/**
 * The runs on this subject, newest first: those whose outcome a fact about the subject may decide, now or once they have
 * ended. One that only waits has no work yet.
 */
export async function watchedRuns(
  prisma: PrismaClient,
  repositoryId: bigint,
  subjectKey: string,
): Promise<readonly Run[]> {
  return prisma.run.findMany({
    where: { repositoryId, subjectKey, state: { not: 'waiting' } },
    orderBy: { createdAt: 'desc' },
    take: WATCHED_RUNS_MAX,
  })
}

/** The runs that delivered this commit. */
export async function runsByDeliveredSha(
  prisma: PrismaClient,
  repositoryId: bigint,
  sha: string,
): Promise<readonly Run[]> {
  return prisma.run.findMany({ where: { repositoryId, deliveredSha: sha }, take: WATCHED_RUNS_MAX })
}

/** The runs whose delivery is this pull request or issue. */
export async function runsByDeliveredNumber(
  prisma: PrismaClient,
  repositoryId: bigint,
  number: number,
): Promise<readonly Run[]> {
  return prisma.run.findMany({ where: { repositoryId, deliveredNumber: number }, take: WATCHED_RUNS_MAX })
}

/** Ended runs whose outcome time alone may decide by now, the longest due first: so many at a time. */
export async function dueRuns(prisma: PrismaClient, now: Date, runsMax: number): Promise<readonly string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM run WHERE decide_after <= ${now} AND ${isHere} ORDER BY decide_after LIMIT ${runsMax}`
  return rows.map(({ id }) => id)
}

/**
 * The head of the newest run of a workflow's that was worked through on the default branch. Of each side the runs are walked from the
 * newest on, along their index; all sides together would be sorted, however many runs there have been. The sides are found from one
 * name to the next, and after the last comes the baseline, which has none.
 */
export async function lastHeadOf(
  prisma: PrismaClient,
  repositoryId: bigint,
  family: string,
): Promise<string | undefined> {
  const ended = Prisma.sql`repository_id = ${repositoryId} AND family = ${family} AND ended_at IS NOT NULL`
  const nextSide = (after: Prisma.Sql) => Prisma.sql`
    (SELECT variant FROM run WHERE ${ended} AND ${after} ORDER BY variant LIMIT 1)`
  const newest = (side: Prisma.Sql) => Prisma.sql`
    SELECT head_sha, ended_at FROM run
    WHERE ${ended} AND ${side} AND conclusion = 'completed' AND subject_key LIKE 'push:%'
    ORDER BY variant, ended_at DESC LIMIT 1`
  const [last] = await prisma.$queryRaw<{ sha: string }[]>`
    WITH RECURSIVE side AS (
      SELECT ${nextSide(Prisma.sql`variant IS NOT NULL`)} AS variant
      UNION ALL
      SELECT ${nextSide(Prisma.sql`variant > side.variant`)} FROM side WHERE side.variant IS NOT NULL
    )
    SELECT head_sha AS sha FROM (
      SELECT own.* FROM side CROSS JOIN LATERAL (${newest(Prisma.sql`variant = side.variant`)}) AS own
      UNION ALL
      SELECT standard.* FROM (${newest(Prisma.sql`variant IS NULL`)}) AS standard
    ) AS last ORDER BY ended_at DESC LIMIT 1`
  return last?.sha
}

/** Whether a run of Purser's is carried out by that Actions run. */
export async function isOurActionsRun(prisma: PrismaClient, repositoryId: bigint, id: number): Promise<boolean> {
  return (await prisma.run.count({ where: { repositoryId, actionsRunId: BigInt(id) } })) > 0
}
