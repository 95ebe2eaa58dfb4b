/** When a variant is proposed as the standard: public thresholds over counts that anybody can recompute. */
import type { PromotionFile } from './config/promotion.ts'

/** Sums over a window. `pending` runs count nowhere; `unknown` ones only in `unknown`. */
export interface Tally {
  /** Runs whose outcome is accepted, reworked or rejected. */
  readonly settled: number
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  readonly reverted: number
  /** Distinct subjects among the settled. */
  readonly subjects: number
  /** Spend of settled and unknown runs. */
  readonly spendMicroUsd: bigint
}

/** A threshold beside its number. Rates are basis points; `number` is absent where there is no data, which never passes. */
export interface Measure {
  readonly threshold:
    | 'runs'
    | 'baseline-runs'
    | 'subjects'
    | 'accepted'
    | 'accepted-baseline'
    | 'spend-per-accepted'
    | 'unknown'
    | 'reverted'
    | 'reverted-baseline'
  readonly required: string
  readonly measured: string | undefined
  readonly holds: boolean
}

export type Decision = 'promote' | 'not-yet' | 'sunset'

export interface Evaluation {
  readonly measures: readonly Measure[]
  readonly allHold: boolean
  readonly sunsetHolds: boolean
}

export interface Checkpoint {
  /** The variant's settled runs when it was looked at: a multiple of `runs`. */
  readonly settled: number
  readonly allHold: boolean
  readonly sunsetHolds: boolean
}

/** Looks at the thresholds now, whether or not this is a checkpoint. */
export function evaluateTrial(promotion: PromotionFile, variant: Tally, baseline: Tally): Evaluation {
  throw new Error(`not written yet: ${promotion.window.days} ${variant.settled} ${baseline.settled}`)
}

/** Whether the settled runs have reached a multiple of `runs` that has not been looked at; yields that multiple. */
export function dueCheckpoint(promotion: PromotionFile, settled: number, lastSettled: number): number | undefined {
  throw new Error(`not written yet: ${promotion.promote.runs} ${settled} ${lastSettled}`)
}

/** `promote` when every threshold held at the last two checkpoints; `sunset` likewise; else `not-yet`. Oldest first. */
export function decideTrial(checkpoints: readonly Checkpoint[]): { decision: Decision; reasons: readonly string[] } {
  throw new Error(`not written yet: ${checkpoints.length}`)
}
