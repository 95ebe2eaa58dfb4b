/** The price before a run, from what such runs have cost. */
import { minBigint } from './money.ts'

/** How many of the newest settled runs a quote looks at. */
export const QUOTE_RUNS_MAX = 50

export interface Quote {
  /** How many runs it rests on; 0 means that there is no history yet. */
  readonly runs: number
  /** What half of them cost at most, and what nine in ten did. Absent without history. */
  readonly usualMicroUsd?: bigint
  readonly nineInTenMicroUsd?: bigint
  /** The hold: what this run can't cost more than. */
  readonly capMicroUsd: bigint
  /** Set when the hold is smaller than the cap asked for, because that is all the room there is. */
  readonly askedMicroUsd?: bigint
}

/**
 * `spends`: the newest settled runs of the same workflow and variant, in any order. The quantiles are nearest-rank:
 * the smallest amount that at least so many of the runs did not pass, so that each was really paid once.
 */
export function quoteRun(spends: readonly bigint[], capMicroUsd: bigint, holdMicroUsd: bigint): Quote {
  const sorted = spends.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const usualMicroUsd = nearestRank(sorted, 1, 2)
  const nineInTenMicroUsd = nearestRank(sorted, 9, 10)
  return {
    runs: sorted.length,
    ...(usualMicroUsd === undefined ? {} : { usualMicroUsd }),
    ...(nineInTenMicroUsd === undefined ? {} : { nineInTenMicroUsd }),
    capMicroUsd: minBigint(capMicroUsd, holdMicroUsd),
    ...(holdMicroUsd < capMicroUsd ? { askedMicroUsd: capMicroUsd } : {}),
  }
}

/**
 * Whether a run may start only after an `/agent go`: where its cap is above what its portfolio starts without asking and,
 * once somebody has said go to a price that was shown, where the cap has risen above that one.
 */
export function needsGo(run: {
  readonly capMicroUsd: bigint
  readonly confirmOverMicroUsd: bigint | undefined
  /** The cap that was shown and said go to. */
  readonly agreedMicroUsd: bigint | undefined
}): boolean {
  const { capMicroUsd, confirmOverMicroUsd, agreedMicroUsd } = run
  const over = agreedMicroUsd ?? confirmOverMicroUsd
  return over !== undefined && capMicroUsd > over
}

/** The amount at rank `ceil(length * numerator / denominator)`, counted from 1. */
function nearestRank(sorted: readonly bigint[], numerator: number, denominator: number): bigint | undefined {
  return sorted[Math.ceil((sorted.length * numerator) / denominator) - 1]
}
