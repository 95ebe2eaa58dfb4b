/** The cap that a promoted variant's costs suggest: one rule for all, so that nobody bargains over it. */
import { minBigint, mulDivCeil } from '../money/money.ts'
import { quoteRun } from '../money/quote.ts'

/**
 * What nine in ten runs cost at most, times this, rounded up to a whole cent. It is never below what the workflow is worth
 * starting with: before each model call its worst case has to fit under the cap, which is far above what a call costs.
 */
const MARGIN = { numerator: 3n, denominator: 2n }
const CENT_MICRO_USD = 10_000n

export interface SuggestedCap {
  /** The cap to propose: what the costs suggest, but never above the present cap nor below the workflow's least. */
  readonly capMicroUsd: bigint
  readonly presentMicroUsd: bigint
  /** What it is worth starting with: its floor, or a tenth of its present cap. */
  readonly leastMicroUsd: bigint
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
  const leastMicroUsd = floorMicroUsd ?? toCents(presentMicroUsd, 1n, 10n)
  const present = { presentMicroUsd, leastMicroUsd, runs }
  if (nineInTenMicroUsd === undefined) return { capMicroUsd: presentMicroUsd, ...present }
  const byRuleMicroUsd = toCents(nineInTenMicroUsd, MARGIN.numerator, MARGIN.denominator)
  const raised = byRuleMicroUsd < leastMicroUsd ? leastMicroUsd : byRuleMicroUsd
  return { capMicroUsd: minBigint(presentMicroUsd, raised), ...present, nineInTenMicroUsd, byRuleMicroUsd }
}

function toCents(amount: bigint, numerator: bigint, denominator: bigint): bigint {
  return mulDivCeil(amount, numerator, denominator * CENT_MICRO_USD) * CENT_MICRO_USD
}
