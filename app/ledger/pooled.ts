/** The evidence of one trial out of every repository of an organisation that declares the same two sides, from their running counts. */
import type { PromotionFile } from '../../core/config/promotion.ts'
import { type Window, windowOf } from '../../core/promotion/evidence.ts'
import type { Share } from '../../core/promotion/pooled.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { MEMBERS_MAX, type Member } from './members.ts'
import { type Side, tallyOver } from './tally.ts'

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
  const rows = await prisma.$queryRaw<MemberRow[]>`
    SELECT repository.id, repository.name, repository.private, own.variant, own.settled,
      greatest(own.since, standard.since) AS since
    FROM repository JOIN trial AS own ON own.repository_id = repository.id AND own.family = ${family}
    LEFT JOIN trial AS standard ON standard.repository_id = repository.id AND standard.family = ${family}
      AND standard.variant = ''
    WHERE repository.owner = ${owner} AND own.definition = ${sides.variant} AND CASE
      WHEN ${baseline}::text IS NULL THEN own.variant = ''
      ELSE own.variant <> '' AND standard.definition = ${baseline}::text END
      AND EXISTS (
        SELECT 1 FROM trial_day AS day WHERE day.repository_id = repository.id AND day.family = ${family}
          AND day.variant = own.variant
      )
    ORDER BY repository.id, own.variant LIMIT ${MEMBERS_MAX}::int`
  const window = windowOf(promotion, now)
  return Promise.all(
    rows.map(async ({ id, name, private: isPrivate, variant, settled, since }): Promise<RepositoryShare> => {
      const member = { repositoryId: id, name, isPrivate, since: since ?? undefined }
      const side = variant === '' ? null : variant
      const own = await shareOf(prisma, { family, variant: side }, member, window)
      // The running total, as long as it is of what is declared now; its days would be ever more.
      const whole =
        since === null
          ? { settled }
          : await tallyOver(prisma, { family, variant: side }, [member], { from: since, to: now })
      const { baseline: standard, ...alone } = own
      return { ...alone, ...(baseline === null ? {} : { baseline: standard }), settledInAll: whole.settled }
    }),
  )
}

type MemberRow = {
  readonly id: bigint
  readonly name: string
  readonly private: boolean
  readonly variant: string
  readonly settled: number
  readonly since: Date | null
}

/** What one repository adds to a trial within a window. */
export async function shareOf(prisma: PrismaClient, side: Side, member: Member, window: Window) {
  const { repositoryId, name, isPrivate } = member
  return {
    repositoryId,
    name,
    isPrivate,
    variant: await tallyOver(prisma, side, [member], window),
    baseline: await tallyOver(prisma, { ...side, variant: null }, [member], window),
  }
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
