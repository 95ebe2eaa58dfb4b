/** What runs of a workflow or a variant have cost lately for each that was accepted, from the counts that trials rest on. */
import type { Configuration } from '../../core/config/configuration.ts'
import { windowOf } from '../../core/promotion/evidence.ts'
import type { AcceptedLately } from '../../core/text/accepted-line.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
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
