/** What a quote says of a variant that one squad's floor can't bring to a decision. */

import type { Configuration } from '../../core/config/configuration.ts'
import type { AccountRow } from '../../core/money/account.ts'
import type { Quote } from '../../core/money/quote.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { floorReach, floorReachLine } from '../../core/promotion/floor-reach.ts'

/** By what such runs usually cost, or by the cap without history; tokens are bounded by their cap alone. */
export function outOfReachLine(
  { portfolios: { exploration }, promotion }: Configuration,
  { capTokens }: Pick<Plan, 'capTokens'>,
  payers: readonly Pick<AccountRow, 'kind'>[],
  { usualMicroUsd, capMicroUsd }: Quote,
): string | undefined {
  if (exploration === undefined || !payers.some(({ kind }) => kind === 'squad')) return undefined
  const tokens = capTokens === undefined ? undefined : BigInt(capTokens)
  return floorReachLine(floorReach(exploration, promotion, { microUsd: usualMicroUsd ?? capMicroUsd, tokens }))
}
