/**
 * What a portfolio's runs came to in a stretch of time up to the millisecond, out of its counts by day: whole days from those,
 * what is left at either end from its runs. So the work is that of the days, however long the history is.
 */
import type { Period } from '../../core/money/calendar.ts'
import { addCounts, noCounts, type PortfolioCounts } from '../../core/outcome/portfolio-counts.ts'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'

export interface PortfolioKey {
  readonly repositoryId: bigint
  /** Its name, and those that it had before. */
  readonly names: readonly string[]
  /** One of its workflows alone; all of them when left out. */
  readonly family?: string | undefined
}

const columns = [
  'completed',
  'withheld',
  'capped',
  'failed',
  'cancelled',
  'accepted',
  'reworked',
  'rejected',
  'unknown',
  'pending',
  'redone',
] as const

type CountsRow = Record<(typeof columns)[number], number> & {
  readonly family: string
  readonly spend: bigint
  readonly pending_spend: bigint
}

/** By workflow, in the order of their names; none where nothing of it was counted. */
export async function portfolioCounts(
  prisma: PrismaClient,
  { repositoryId, names, family }: PortfolioKey,
  period: Period,
): Promise<ReadonlyMap<string, PortfolioCounts>> {
  const { days, edges } = split(period)
  const of = Prisma.sql`repository_id = ${repositoryId} AND portfolio = ANY(${[...names]})
    AND ${family === undefined ? Prisma.sql`true` : Prisma.sql`family = ${family}`}`
  const picked = Prisma.raw([...columns, 'spend_micro_usd', 'pending_spend_micro_usd'].join(', '))
  // A day's row names the workflows that ran on it; their runs are found along the index of a workflow's ended runs.
  const edgeParts = edges.map(
    ({ start, end }) => Prisma.sql`
      UNION ALL SELECT family, ${picked} FROM counted_run
      WHERE ${of} AND ended_at >= ${start.toISOString()}::timestamptz AND ended_at < ${end.toISOString()}::timestamptz
        AND family = ANY(ARRAY(
          SELECT DISTINCT family FROM portfolio_day WHERE ${of} AND day = (${start.toISOString()}::timestamptz AT TIME ZONE 'UTC')::date
        ))`,
  )
  const sums = Prisma.raw(columns.map((column) => `sum(${column})::int AS ${column}`).join(', '))
  const rows = await prisma.$queryRaw<CountsRow[]>`
    SELECT family, ${sums}, sum(spend_micro_usd)::bigint AS spend, sum(pending_spend_micro_usd)::bigint AS pending_spend
    FROM (
      SELECT family, ${picked} FROM portfolio_day
      WHERE ${of} AND day >= ${days.start.toISOString()}::date AND day < ${days.end.toISOString()}::date
      ${Prisma.join(edgeParts.length === 0 ? [Prisma.empty] : edgeParts, ' ')}
    ) AS part GROUP BY family ORDER BY family COLLATE "C"`
  return new Map(
    rows.map(({ family, spend, pending_spend, ...counts }) => [
      family,
      { ...counts, spendMicroUsd: spend, pendingSpendMicroUsd: pending_spend },
    ]),
  )
}

/** Of all workflows together. */
export async function allCounts(prisma: PrismaClient, key: PortfolioKey, period: Period): Promise<PortfolioCounts> {
  return [...(await portfolioCounts(prisma, key, period)).values()].reduce(addCounts, noCounts)
}

const DAY_MS = 86_400_000

/** The whole UTC days of a period, and what it has besides, each part within one day. */
function split({ start, end }: Period): { days: Period; edges: readonly Period[] } {
  const from = new Date(Math.ceil(start.getTime() / DAY_MS) * DAY_MS)
  const to = new Date(Math.floor(end.getTime() / DAY_MS) * DAY_MS)
  if (from > to) return { days: { start: from, end: from }, edges: [{ start, end }] }
  const edges = [
    { start, end: from },
    { start: to, end },
  ]
  return { days: { start: from, end: to }, edges: edges.filter((edge) => edge.start < edge.end) }
}
