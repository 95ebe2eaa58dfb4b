/**
 * Counts of a stretch of time up to the millisecond, out of the counts by day: whole days from those, the first and the
 * last day from their runs. So the work is that of a window's days and of two days' runs, however long the history is.
 */
import type { Window } from '../../core/promotion/evidence.ts'
import type { Tally } from '../../core/promotion/tally.ts'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'
import type { TrialKey } from './trial.ts'

/** A row of counts as `countsSql` selects it. */
export interface CountsRow {
  readonly settled: number
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  readonly reverted: number
  readonly subjects: number
  readonly spend: bigint
}

export function tallyOf({ spend, ...counts }: CountsRow): Tally {
  const { settled, accepted, reworked, rejected, unknown, reverted, subjects } = counts
  return { settled, accepted, reworked, rejected, unknown, reverted, subjects, spendMicroUsd: spend }
}

export async function tally(prisma: PrismaClient, trial: TrialKey, window: Window): Promise<Tally> {
  return tallyOver(prisma, trial, [trial], window)
}

/** A side of a trial over all repositories that it counts, each from where it counts there. */
export async function tallyOver(
  prisma: PrismaClient,
  side: Side,
  members: readonly Counted[],
  { from, to }: Window,
): Promise<Tally> {
  const counts = countsSql(ofMember(side), memberFromSql(momentSql(from)), { at: momentSql(to) })
  const [row] = await prisma.$queryRaw<CountsRow[]>`WITH ${memberSql(members)} ${overMembersSql(counts)}`
  if (row === undefined) throw new Error('sums without a row')
  return tallyOf(row)
}

/** A repository whose runs are counted, and since when where that is not ever. */
export interface Counted {
  readonly repositoryId: bigint
  readonly since?: Date | undefined
}

export type Side = Pick<TrialKey, 'family' | 'variant'>

/** Those that are counted, as the common table `member`. */
export function memberSql(members: readonly Counted[]): Prisma.Sql {
  const ids = members.map(({ repositoryId }) => repositoryId)
  const since = members.map((member) => member.since?.toISOString() ?? null)
  return Prisma.sql`member AS (
    SELECT * FROM unnest(${ids}::bigint[], ${since}::text[]::timestamptz[]) AS member (repository_id, since))`
}

/** A side in a member's repository, as statements name it. */
export function ofMember({ family, variant }: Side): CountedSide {
  return { repositoryId: Prisma.sql`member.repository_id`, family, variant }
}

export function memberFromSql(from: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`greatest(${from}, member.since)`
}

/** The sums of a `countsSql` of each member. No two repositories have a subject in common. */
export function overMembersSql(counts: Prisma.Sql): Prisma.Sql {
  const sums = ['settled', 'accepted', 'reworked', 'rejected', 'unknown', 'reverted', 'subjects'].map(
    (name) => `coalesce(sum(one.${name}), 0)::int AS ${name}`,
  )
  return Prisma.sql`SELECT ${Prisma.raw(sums.join(', '))}, coalesce(sum(one.spend), 0)::bigint AS spend
    FROM member CROSS JOIN LATERAL (${counts}) AS one`
}

/** The last run that counts: what ended at `at` counts up to the run `id`, or as a whole where none is named. */
export interface Until {
  readonly at: Prisma.Sql
  readonly id?: Prisma.Sql
}

export function momentSql(moment: Date): Prisma.Sql {
  return Prisma.sql`${moment.toISOString()}::timestamptz`
}

type CountedSide = Side & { readonly repositoryId: Prisma.Sql }

/** The runs of one side, by the index on them. */
export function sideSql({ repositoryId, family, variant }: CountedSide): Prisma.Sql {
  const side = variant === null ? Prisma.sql`variant IS NULL` : Prisma.sql`variant = ${variant}`
  return Prisma.sql`repository_id = ${repositoryId} AND family = ${family} AND ${side}`
}

/** The rows of one side in the tables of counts. */
export function keySql({ repositoryId, family, variant }: CountedSide): Prisma.Sql {
  return Prisma.sql`repository_id = ${repositoryId} AND family = ${family} AND variant = ${variant ?? ''}`
}

export const settledSql = Prisma.sql`outcome IN ('accepted', 'reworked', 'rejected')`

/** Selects one `CountsRow`. Ids are compared by their bytes, as everywhere, and not by the database's language. */
export function countsSql(side: CountedSide, from: Prisma.Sql, { at, id }: Until): Prisma.Sql {
  const key = keySql(side)
  const firstDay = Prisma.sql`(${from} AT TIME ZONE 'UTC')::date`
  const lastDay = Prisma.sql`(${at} AT TIME ZONE 'UTC')::date`
  const wholeDays = Prisma.sql`${key} AND day > ${firstDay} AND day < ${lastDay}`
  const upTo = id
    ? Prisma.sql`ended_at <= ${at} AND (ended_at < ${at} OR id COLLATE "C" <= ${id} COLLATE "C")`
    : Prisma.sql`ended_at <= ${at}`
  const runs = Prisma.sql`${sideSql(side)} AND outcome <> 'pending' AND ${upTo}`
  const onFirstDay = Prisma.sql`${runs} AND ended_at >= ${from} AND ended_at < ${startSql(firstDay, 1)}`
  const onLastDay = Prisma.sql`${runs} AND ended_at >= greatest(${startSql(lastDay)}, ${startSql(firstDay, 1)})`
  return Prisma.sql`
    SELECT coalesce(sum(settled), 0)::int AS settled, coalesce(sum(accepted), 0)::int AS accepted,
      coalesce(sum(reworked), 0)::int AS reworked, coalesce(sum(rejected), 0)::int AS rejected,
      coalesce(sum(unknown), 0)::int AS unknown, coalesce(sum(reverted), 0)::int AS reverted,
      coalesce(sum(spend), 0)::bigint AS spend,
      (
        SELECT count(DISTINCT subject_key)::int FROM (
          SELECT subject_key FROM trial_subject WHERE ${wholeDays} AND settled > 0
          UNION ALL SELECT subject_key FROM run WHERE ${onFirstDay} AND ${settledSql}
          UNION ALL SELECT subject_key FROM run WHERE ${onLastDay} AND ${settledSql}
        ) AS subject
      ) AS subjects
    FROM (
      SELECT settled, accepted, reworked, rejected, unknown, reverted, spend_micro_usd AS spend
      FROM trial_day WHERE ${wholeDays}
      UNION ALL ${runCountsSql(onFirstDay)}
      UNION ALL ${runCountsSql(onLastDay)}
    ) AS part`
}

function startSql(day: Prisma.Sql, daysLater = 0): Prisma.Sql {
  return Prisma.sql`((${day} + ${daysLater}::int)::timestamp AT TIME ZONE 'UTC')`
}

function runCountsSql(which: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT (${settledSql})::int, (outcome = 'accepted')::int, (outcome = 'reworked')::int, (outcome = 'rejected')::int,
      (outcome = 'unknown')::int, (reverted AND ${settledSql})::int, spent_micro_usd
    FROM run WHERE ${which}`
}
