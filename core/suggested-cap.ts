/** The cap that a promoted variant's costs suggest: one rule for all, so that nobody bargains over it. */
import { minBigint, mulDivCeil } from './money.ts'
import { quoteRun } from './quote.ts'

/** What nine in ten runs cost at most, times this, rounded up to a whole cent. */
const MARGIN = { numerator: 3n, denominator: 2n }
const CENT_MICRO_USD = 10_000n

export interface SuggestedCap {
  /** The cap to propose: what the costs suggest, but never above the present cap nor below the workflow's floor. */
  readonly capMicroUsd: bigint
  readonly presentMicroUsd: bigint
  /** The runs it rests on, what nine in ten of them cost at most, and what the rule makes of that; absent without runs. */
  readonly runs: number
  readonly nineInTenMicroUsd?: bigint | undefined
  readonly byRuleMicroUsd?: bigint | undefined
}

/** `spends`: of the variant's settled runs within the window, in any order. */
export function suggestCap(
  spends: readonly bigint[],
  presentMicroUsd: bigint,
  floorMicroUsd: bigint | undefined,
): SuggestedCap {
  const { runs, nineInTenMicroUsd } = quoteRun(spends, presentMicroUsd, presentMicroUsd)
  if (nineInTenMicroUsd === undefined) return { capMicroUsd: presentMicroUsd, presentMicroUsd, runs }
  const cents = mulDivCeil(nineInTenMicroUsd * MARGIN.numerator, 1n, MARGIN.denominator * CENT_MICRO_USD)
  const byRuleMicroUsd = cents * CENT_MICRO_USD
  const least = [CENT_MICRO_USD, floorMicroUsd ?? 0n].reduce((a, b) => (a > b ? a : b))
  const raised = byRuleMicroUsd < least ? least : byRuleMicroUsd
  return { capMicroUsd: minBigint(presentMicroUsd, raised), presentMicroUsd, runs, nineInTenMicroUsd, byRuleMicroUsd }
}
