/** Looking at a trial: the checkpoints that decide it, read in one statement and kept as they were seen. */
import { z } from 'zod'
import type { PromotionFile } from '../../core/config/promotion.ts'
import { type Window, windowOf } from '../../core/evidence.ts'
import { evaluateTrial, type Measure, thresholds } from '../../core/measure.ts'
import type { Checkpoint } from '../../core/promotion.ts'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'
import { transact } from '../database/transact.ts'
import { type CountsRow, countsSql, momentSql, settledSql, sideSql, tallyOf } from './tally.ts'
import { keyOf, type TrialKey } from './trial.ts'

export type VariantTrial = TrialKey & { readonly variant: string }

export interface Looked {
  /** The deciding ones, oldest first: none, one or two. */
  readonly checkpoints: readonly Checkpoint[]
  /** Whether they differ from those that were seen the last time. */
  readonly isNews: boolean
}

interface Seen extends Checkpoint {
  /** When the run ended that reached it. */
  readonly at: Date
}

/**
 * Looks at the deciding checkpoints as `core/evidence.ts` says, and puts them in the place of those seen before. One look
 * at a time: whoever comes second sees what the first has not.
 */
export async function lookAt(
  prisma: PrismaClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<Looked> {
  const key = keyOf(trial)
  return transact(prisma, async (transaction) => {
    // There is such a row as soon as one of its runs has ever been settled.
    await transaction.$queryRaw`
      SELECT 1 FROM trial WHERE repository_id = ${key.repositoryId} AND family = ${key.family}
        AND variant = ${key.variant} FOR UPDATE`
    const seen = await decidingNow(transaction, trial, promotion, now)
    const before = await transaction.checkpoint.findMany({ where: key, orderBy: { settled: 'asc' } })
    const isNews = asText(seen) !== asText(before)
    if (isNews) {
      await transaction.checkpoint.deleteMany({ where: key })
      await transaction.checkpoint.createMany({
        data: seen.map((look) => ({ ...key, ...look, measures: look.measures.map(toJson) })),
      })
    }
    return { checkpoints: seen, isNews }
  })
}

type Client = PrismaClient | Prisma.TransactionClient

/** When a trial began anew: both sides count from where the later of them was changed. */
export async function trialSince(prisma: Client, trial: VariantTrial): Promise<Date | undefined> {
  const { repositoryId, family, variant } = keyOf(trial)
  const { _max: changed } = await prisma.trial.aggregate({
    where: { repositoryId, family, variant: { in: [variant, ''] } },
    _max: { since: true },
  })
  return changed.since ?? undefined
}

export async function trialWindow(
  prisma: Client,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<Window> {
  return windowOf(promotion, now, await trialSince(prisma, trial))
}

interface SideRow extends CountsRow {
  readonly checkpoint: number
  readonly ended_at: Date
  readonly side: 'variant' | 'baseline'
}

/**
 * One statement, so that one state of the ledger is seen. The last two checkpoints are less than twice `runs` settled runs
 * back from the newest, which are walked along the index.
 */
async function decidingNow(
  transaction: Prisma.TransactionClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<readonly Seen[]> {
  const since = await trialSince(transaction, trial)
  const window = windowOf(promotion, now, since)
  const { runs } = promotion.promote
  const reached = { at: Prisma.sql`mark.ended_at`, id: Prisma.sql`mark.id` }
  const from = fromSql(promotion, since)
  const rows = await transaction.$queryRaw<SideRow[]>`
    WITH whole AS (${settledInAllSql(trial, since, now)}),
    mark AS (
      SELECT counted.last - step.back AS checkpoint, reached.id, reached.ended_at
      FROM (SELECT settled, settled - settled % ${runs}::int AS last FROM whole) AS counted
      CROSS JOIN (VALUES (${runs}::int), (0)) AS step (back)
      CROSS JOIN LATERAL (
        SELECT id, ended_at FROM run
        WHERE ${sideSql(trial)} AND ${settledSql}
          AND ended_at >= ${momentSql(window.from)} AND ended_at <= ${momentSql(window.to)}
        ORDER BY ended_at DESC, id COLLATE "C" DESC
        OFFSET counted.settled - (counted.last - step.back) LIMIT 1
      ) AS reached
      WHERE counted.last - step.back > 0
    )
    SELECT mark.checkpoint, mark.ended_at, sides.* FROM mark CROSS JOIN LATERAL (
      SELECT 'variant' AS side, own.* FROM (${countsSql(trial, from, reached)}) AS own
      UNION ALL
      SELECT 'baseline' AS side, standard.*
      FROM (${countsSql({ ...trial, variant: null }, from, { at: reached.at })}) AS standard
    ) AS sides
    ORDER BY mark.checkpoint`
  return rows
    .filter(({ side }) => side === 'variant')
    .flatMap((own) => {
      const standard = rows.find(({ checkpoint, side }) => checkpoint === own.checkpoint && side === 'baseline')
      if (standard === undefined) return []
      const evaluation = evaluateTrial(promotion, tallyOf(own), tallyOf(standard))
      return [{ settled: own.checkpoint, at: own.ended_at, ...evaluation }]
    })
}

/** The variant's settled runs since its trial began, however long ago: a running total, or the days since then. */
function settledInAllSql(trial: VariantTrial, since: Date | undefined, now: Date): Prisma.Sql {
  if (since !== undefined) return countsSql(trial, momentSql(since), { at: momentSql(now) })
  const { repositoryId, family, variant } = keyOf(trial)
  return Prisma.sql`
    SELECT settled - (
      SELECT count(*)::int FROM run WHERE ${sideSql(trial)} AND ${settledSql} AND ended_at > ${momentSql(now)}
    ) AS settled
    FROM trial WHERE repository_id = ${repositoryId} AND family = ${family} AND variant = ${variant}`
}

/** Where the window of a checkpoint begins. */
function fromSql({ window }: PromotionFile, since: Date | undefined): Prisma.Sql {
  const start = Prisma.sql`(mark.ended_at - make_interval(hours => ${window.days * 24}::int))`
  return since === undefined ? start : Prisma.sql`greatest(${start}, ${momentSql(since)})`
}

type Kept = Pick<Seen, 'settled' | 'at' | 'allHold' | 'sunsetHolds'> & { readonly measures: unknown }

/** To be compared: `jsonb` keeps no order of keys and nothing that is absent. */
function asText(checkpoints: readonly Kept[]): string {
  return JSON.stringify(
    checkpoints.map(({ settled, at, allHold, sunsetHolds, measures }) => [
      settled,
      at.getTime(),
      allHold,
      sunsetHolds,
      storedMeasures
        .parse(measures)
        .map(({ threshold, required, measured, holds }) => [threshold, required, measured ?? null, holds]),
    ]),
  )
}

/** `Checkpoint.measures` of the ledger. */
export const storedMeasures = z.array(
  z
    .object({
      threshold: z.enum(thresholds),
      required: z.string(),
      measured: z.string().optional(),
      holds: z.boolean(),
    })
    .transform((measure): Measure => ({ ...measure, measured: measure.measured })),
)
