/** Looking at a trial: the checkpoints that decide it, read in one statement and kept as they were seen. */
import { z } from 'zod'
import type { PromotionFile } from '../../core/config/promotion.ts'
import { windowOf } from '../../core/promotion/evidence.ts'
import { evaluateTrial, type Measure, thresholds } from '../../core/promotion/measure.ts'
import type { Checkpoint } from '../../core/promotion/promotion.ts'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'
import { transact } from '../database/transact.ts'
import { membersOf } from './members.ts'
import {
  type CountsRow,
  countsSql,
  keySql,
  memberFromSql,
  memberSql,
  momentSql,
  ofMember,
  overMembersSql,
  settledSql,
  sideSql,
  tallyOf,
} from './tally.ts'
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
 * Looks at the deciding checkpoints as `core/promotion/evidence.ts` says, and puts them in the place of those seen before. One look
 * at a time: whoever comes second sees what the first has not.
 */
export async function lookAt(
  prisma: PrismaClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<Looked> {
  const key = keyOf(trial)
  // Mostly nothing is to be written, and nobody has to wait.
  const glance = await compare(prisma, trial, promotion, now)
  if (!glance.isNews) return glance
  return transact(prisma, async (transaction) => {
    // There is such a row as soon as one of its runs has ever been settled.
    await transaction.$queryRaw`
      SELECT 1 FROM trial WHERE repository_id = ${key.repositoryId} AND family = ${key.family}
        AND variant = ${key.variant} FOR UPDATE`
    const looked = await compare(transaction, trial, promotion, now)
    if (looked.isNews) {
      await transaction.checkpoint.deleteMany({ where: key })
      await transaction.checkpoint.createMany({
        data: looked.checkpoints.map((look) => ({ ...key, ...look, measures: look.measures.map(toJson) })),
      })
    }
    return looked
  })
}

interface Compared extends Looked {
  readonly checkpoints: readonly Seen[]
}

async function compare(
  client: PrismaClient | Prisma.TransactionClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<Compared> {
  const checkpoints = await decidingNow(client, trial, promotion, now)
  const before = await client.checkpoint.findMany({ where: keyOf(trial), orderBy: { settled: 'asc' } })
  return { checkpoints, isNews: asText(checkpoints) !== asText(before) }
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
  client: PrismaClient | Prisma.TransactionClient,
  trial: VariantTrial,
  promotion: PromotionFile,
  now: Date,
): Promise<readonly Seen[]> {
  const window = windowOf(promotion, now)
  const { runs } = promotion.promote
  const own = ofMember(trial)
  const standard = ofMember({ ...trial, variant: null })
  const reached = { at: Prisma.sql`mark.ended_at`, id: Prisma.sql`mark.id` }
  const from = memberFromSql(Prisma.sql`(mark.ended_at - make_interval(hours => ${promotion.window.days * 24}::int))`)
  const rows = await client.$queryRaw<SideRow[]>`
    WITH ${memberSql(await membersOf(client, trial))},
    mark AS (
      SELECT counted.last - step.back AS checkpoint, reached.id, reached.ended_at
      FROM (
        SELECT settled, settled - settled % ${runs}::int AS last FROM (${settledInAllSql(own, now)}) AS whole
      ) AS counted
      CROSS JOIN (VALUES (${runs}::int), (0)) AS step (back)
      CROSS JOIN LATERAL (
        SELECT newest.id, newest.ended_at FROM member CROSS JOIN LATERAL (
          SELECT id, ended_at FROM run
          WHERE ${sideSql(own)} AND ${settledSql}
            AND ended_at >= ${memberFromSql(momentSql(window.from))} AND ended_at <= ${momentSql(window.to)}
          ORDER BY ended_at DESC, id COLLATE "C" DESC LIMIT ${2 * runs}::int
        ) AS newest
        ORDER BY newest.ended_at DESC, newest.id COLLATE "C" DESC
        OFFSET counted.settled - (counted.last - step.back) LIMIT 1
      ) AS reached
      WHERE counted.last - step.back > 0
    )
    SELECT mark.checkpoint, mark.ended_at, sides.* FROM mark CROSS JOIN LATERAL (
      SELECT 'variant' AS side, own.* FROM (${overMembersSql(countsSql(own, from, reached))}) AS own
      UNION ALL
      SELECT 'baseline' AS side, standard.*
      FROM (${overMembersSql(countsSql(standard, from, { at: reached.at }))}) AS standard
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
function settledInAllSql(own: ReturnType<typeof ofMember>, now: Date): Prisma.Sql {
  const later = Prisma.sql`
    SELECT count(*)::int FROM run WHERE ${sideSql(own)} AND ${settledSql} AND ended_at > ${momentSql(now)}`
  const since = countsSql(own, Prisma.sql`member.since`, { at: momentSql(now) })
  return Prisma.sql`
    SELECT coalesce(sum(CASE WHEN member.since IS NULL
      THEN coalesce((SELECT settled FROM trial WHERE ${keySql(own)}), 0) - (${later})
      ELSE (SELECT settled FROM (${since}) AS days) END), 0)::int AS settled
    FROM member`
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
