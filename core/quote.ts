/** The price before a run, from what such runs have cost. */

/** How many of the newest settled runs a quote looks at. */
export const QUOTE_RUNS_MAX = 50

export interface Quote {
  /** How many runs it rests on; 0 means that there is no history yet. */
  readonly runs: number
  /** What half of them stayed under, and nine in ten. Absent without history. */
  readonly usualMicroUsd?: bigint
  readonly nineInTenMicroUsd?: bigint
  /** The cap: what this run can't cost more than. */
  readonly capMicroUsd: bigint
  /** Set when the hold is smaller than the cap asked for, because that is all the room there is. */
  readonly askedMicroUsd?: bigint
}

/** `spends`: the newest settled runs of the same workflow and variant, in any order. Nearest-rank quantiles. */
export function quoteRun(spends: readonly bigint[], capMicroUsd: bigint, holdMicroUsd: bigint): Quote {
  throw new Error(`not written yet: ${spends.length} ${capMicroUsd} ${holdMicroUsd}`)
}
