/** The evidence of one trial out of every repository of an organisation that declares the same two sides, from their running counts. */
import type { PromotionFile } from '../../core/config/promotion.ts'
import type { Share } from '../../core/pooled.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { trialSince, trialWindow } from './look.ts'
import { tally } from './tally.ts'

/** SHA-256 of what each side does, as `trial.definition` keeps it; a new workflow has no baseline beside it. */
export interface PooledSides {
  readonly variant: string
  readonly baseline?: string | undefined
}

export interface RepositoryShare extends Share {
  readonly repositoryId: bigint
  readonly name: string
  readonly isPrivate: boolean
}

/** Repositories that are pooled; a larger organisation's evidence is that of its first ones. */
const REPOSITORIES_MAX = 200
const EVER = new Date(0)

export async function sharesIn(
  prisma: PrismaClient,
  owner: string,
  family: string,
  sides: PooledSides,
  promotion: PromotionFile,
  now: Date,
): Promise<readonly RepositoryShare[]> {
  const baseline = sides.baseline ?? null
  // A repository where what is offered is the baseline itself has nothing there to hold it against.
  const rows = await prisma.$queryRaw<{ id: bigint; name: string; private: boolean; variant: string }[]>`
    SELECT repository.id, repository.name, repository.private, own.variant
    FROM repository JOIN trial AS own ON own.repository_id = repository.id AND own.family = ${family}
    WHERE repository.owner = ${owner} AND own.definition = ${sides.variant} AND CASE
      WHEN ${baseline}::text IS NULL THEN own.variant = ''
      ELSE own.variant <> '' AND EXISTS (
        SELECT 1 FROM trial AS standard
        WHERE standard.repository_id = repository.id AND standard.family = ${family} AND standard.variant = ''
          AND standard.definition = ${baseline}::text
      ) END
    ORDER BY repository.id, own.variant LIMIT ${REPOSITORIES_MAX}::int`
  return Promise.all(
    rows.map(async ({ id, name, private: isPrivate, variant }): Promise<RepositoryShare> => {
      const trial = { repositoryId: id, family, variant }
      const side = { ...trial, variant: variant === '' ? null : variant }
      const window = await trialWindow(prisma, trial, promotion, now)
      const since = (await trialSince(prisma, trial)) ?? EVER
      return {
        repositoryId: id,
        name,
        isPrivate,
        variant: await tally(prisma, side, window),
        ...(baseline === null ? {} : { baseline: await tally(prisma, { ...trial, variant: null }, window) }),
        settledInAll: (await tally(prisma, side, { from: since, to: now })).settled,
      }
    }),
  )
}

/** What runs of one definition have cost since a day, in all repositories of an owner, out of the counts by day. */
export async function spendSeen(
  prisma: PrismaClient,
  owner: string,
  family: string,
  definition: string,
  from: Date,
): Promise<{ readonly runs: number; readonly spendMicroUsd: bigint }> {
  const [row] = await prisma.$queryRaw<{ runs: number; spend: bigint }[]>`
    SELECT coalesce(sum(day.settled + day.unknown), 0)::int AS runs,
      coalesce(sum(day.spend_micro_usd), 0)::bigint AS spend
    FROM repository JOIN trial ON trial.repository_id = repository.id AND trial.family = ${family}
    JOIN trial_day AS day ON day.repository_id = trial.repository_id AND day.family = trial.family
      AND day.variant = trial.variant AND day.day >= ${from.toISOString()}::timestamptz::date
      AND (trial.since IS NULL OR day.day >= (trial.since AT TIME ZONE 'UTC')::date)
    WHERE repository.owner = ${owner} AND trial.definition = ${definition}`
  return { runs: row?.runs ?? 0, spendMicroUsd: row?.spend ?? 0n }
}
