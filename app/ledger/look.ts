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
    const window = await trialWindow(transaction, trial, promotion, now)
    const seen = await decidingIn(transaction, trial, promotion, window)
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

/** Both sides count from where the trial began anew, if it did within the window. */
export async function trialWindow(
  prisma: PrismaClient | Prisma.TransactionClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<Window> {
  const row = await prisma.trial.findUnique({ where: { repositoryId_family_variant: keyOf(trial) } })
  return windowOf(promotion, now, row?.since)
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
async function decidingIn(
  transaction: Prisma.TransactionClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  { from, to }: Window,
): Promise<readonly Seen[]> {
  const { runs } = promotion.promote
  const reached = { at: Prisma.sql`mark.ended_at`, id: Prisma.sql`mark.id` }
  const rows = await transaction.$queryRaw<SideRow[]>`
    WITH whole AS (${countsSql(trial, from, { at: momentSql(to) })}),
    mark AS (
      SELECT counted.last - step.back AS checkpoint, reached.id, reached.ended_at
      FROM (SELECT settled, settled - settled % ${runs}::int AS last FROM whole) AS counted
      CROSS JOIN (VALUES (${runs}::int), (0)) AS step (back)
      CROSS JOIN LATERAL (
        SELECT id, ended_at FROM run
        WHERE ${sideSql(trial)} AND ${settledSql} AND ended_at >= ${momentSql(from)} AND ended_at <= ${momentSql(to)}
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
