/** What runs with the same overrides came to, out of counts by day and subject that are moved with each outcome. */
import type { PromotionFile } from '../../core/config/promotion.ts'
import type { OverrideCounts } from '../../core/promotion/override-set.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'

export interface OverrideKey {
  readonly repositoryId: bigint
  readonly family: string
  /** `core/promotion/override-set.ts` `overrideKeyOf`. */
  readonly overrideKey: string
}

interface CountsRow {
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  readonly subjects: number
  readonly spend: bigint
}

const DAY_MS = 86_400_000

/** Of the last `window.days` whole UTC days, today's included. */
export async function overrideCounts(
  prisma: PrismaClient,
  { repositoryId, family, overrideKey }: OverrideKey,
  { window }: PromotionFile,
  now: Date,
): Promise<OverrideCounts> {
  const from = new Date(now.getTime() - (window.days - 1) * DAY_MS)
  const [row] = await prisma.$queryRaw<CountsRow[]>`
    SELECT coalesce(sum(accepted), 0)::int AS accepted, coalesce(sum(reworked), 0)::int AS reworked,
      coalesce(sum(rejected), 0)::int AS rejected, coalesce(sum(unknown), 0)::int AS unknown,
      count(DISTINCT subject_key) FILTER (WHERE accepted + reworked + rejected > 0)::int AS subjects,
      coalesce(sum(spend_micro_usd), 0)::bigint AS spend
    FROM override_day
    WHERE repository_id = ${repositoryId} AND family = ${family} AND override_key = ${overrideKey}
      AND day >= ${from.toISOString()}::date AND day <= ${now.toISOString()}::date`
  const { spend = 0n, ...counts } = row ?? { accepted: 0, reworked: 0, rejected: 0, unknown: 0, subjects: 0 }
  return { ...counts, spendMicroUsd: spend }
}
