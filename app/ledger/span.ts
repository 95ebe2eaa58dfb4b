/** Spans: from one moment that GitHub showed to another. Each is one row, so noting one again changes nothing. */
import type { Period } from '../../core/money/calendar.ts'
import type { Measured, SpanMeasure } from '../../core/outcome/value-measure.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'

export interface SpanKey {
  readonly repositoryId: bigint
  readonly measure: SpanMeasure
  /** A portfolio, or a label. */
  readonly scope: string
  readonly subjectKey: string
}

/** Clocks differ a little, so what ended before it began ended at once. */
export async function noteSpan(
  prisma: PrismaClient,
  key: SpanKey,
  startedAt: Date,
  endedAt: Date | null,
): Promise<void> {
  const times = { startedAt, endedAt: endedAt !== null && endedAt < startedAt ? startedAt : endedAt }
  await prisma.span.upsert({
    where: { repositoryId_subjectKey_measure_scope: key },
    create: { ...key, ...times },
    update: times,
  })
}

/** What had been noted was not so, or is not so any more. */
export async function forgetSpan(prisma: PrismaClient, key: SpanKey): Promise<void> {
  await prisma.span.deleteMany({ where: key })
}

/** When the portfolios' first runs on a subject were asked for. Bounded by the runs of that one subject. */
export async function firstRuns(
  prisma: PrismaClient,
  repositoryId: bigint,
  subjectKey: string,
): Promise<ReadonlyMap<string, Date>> {
  const rows = await prisma.run.groupBy({
    by: ['portfolio'],
    where: { repositoryId, subjectKey, reservedAt: { not: null } },
    _min: { createdAt: true },
  })
  return new Map(rows.flatMap(({ portfolio, _min }) => (_min.createdAt ? [[portfolio, _min.createdAt]] : [])))
}

interface SpanRow {
  readonly count: number
  readonly total: number
  readonly quartiles: readonly number[] | null
  readonly open: number
}

/** The spans of a period, along the index by their ends. `scopes`: the names that a portfolio has had. */
export async function measureSpans(
  prisma: PrismaClient,
  { repositoryId, measure, scopes }: Pick<SpanKey, 'repositoryId' | 'measure'> & { readonly scopes: readonly string[] },
  { start, end }: Period,
): Promise<Measured> {
  const [row] = await prisma.$queryRaw<SpanRow[]>`
    WITH ended AS (
      SELECT extract(epoch FROM ended_at - started_at)::float8 / 3600 AS hours FROM span
      WHERE repository_id = ${repositoryId} AND measure = ${measure} AND scope = ANY(${[...scopes]})
        AND ended_at >= ${start.toISOString()}::timestamptz AND ended_at < ${end.toISOString()}::timestamptz
    )
    SELECT count(*)::int AS count, coalesce(sum(hours), 0)::float8 AS total,
      percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY hours) AS quartiles,
      (
        SELECT count(*)::int FROM span
        WHERE repository_id = ${repositoryId} AND measure = ${measure} AND scope = ANY(${[...scopes]})
          AND started_at < ${end.toISOString()}::timestamptz
          AND (ended_at IS NULL OR ended_at >= ${end.toISOString()}::timestamptz)
      ) AS open
    FROM ended`
  const { count = 0, total = 0, quartiles = null, open = 0 } = row ?? {}
  const [first, median, third] = quartiles ?? []
  const known = first !== undefined && median !== undefined && third !== undefined
  return {
    kind: 'span',
    count,
    totalHours: total,
    quartileHours: count > 0 && known ? [first, median, third] : undefined,
    open,
  }
}
