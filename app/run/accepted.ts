/**
 * What runs of a workflow, a variant or a whole portfolio have cost lately for each that was accepted, from the counts that
 * trials and reviews rest on.
 */
import type { Configuration } from '../../core/config/configuration.ts'
import { namesOf } from '../../core/money/account.ts'
import { windowOf } from '../../core/promotion/evidence.ts'
import type { AcceptedLately } from '../../core/text/accepted-line.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { allCounts } from '../ledger/portfolio-day.ts'
import { tally } from '../ledger/tally.ts'
import type { TrialKey } from '../ledger/trial.ts'

export async function acceptedLately(
  prisma: PrismaClient,
  { promotion }: Configuration,
  side: TrialKey,
  now: Date,
): Promise<AcceptedLately> {
  const spend = await tally(prisma, side, windowOf(promotion, now))
  return { spend, days: promotion.window.days }
}

export async function portfolioLately(
  prisma: PrismaClient,
  { promotion, portfolios }: Configuration,
  { repositoryId, name }: { readonly repositoryId: bigint; readonly name: string },
  now: Date,
): Promise<AcceptedLately> {
  const names = namesOf({ name, was: portfolios.portfolios[name]?.was })
  const { from: start, to: end } = windowOf(promotion, now)
  const spend = await allCounts(prisma, { repositoryId, names }, { start, end })
  return { spend, days: promotion.window.days }
}
