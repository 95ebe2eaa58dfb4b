/** When a variant is proposed as the standard: public thresholds over counts that anybody can recompute. */
import type { PromotionFile } from './config/promotion.ts'
import { formatUsd, mulDivCeil } from './money.ts'
import type { Outcome } from './run.ts'

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

/** A threshold beside its number, both in words; `measured` is absent where there is no data, which never passes. */
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

/** What a tally counts of a run whose outcome is known not to come (`unknown`) or has come. */
export interface TallyRun {
  readonly outcome: Outcome
  readonly reverted: boolean
  /** The same text for runs on the same pull request, issue or commit. */
  readonly subject: string
  readonly spentMicroUsd: bigint
}

/** Counts runs. Their window is the caller's to choose; pending ones are passed over. */
export function tallyRuns(runs: readonly TallyRun[]): Tally {
  const settled = runs.filter((run) => run.outcome !== 'pending' && run.outcome !== 'unknown')
  const unknown = runs.filter((run) => run.outcome === 'unknown')
  const count = (outcome: Outcome) => settled.filter((run) => run.outcome === outcome).length
  return {
    settled: settled.length,
    accepted: count('accepted'),
    reworked: count('reworked'),
    rejected: count('rejected'),
    unknown: unknown.length,
    reverted: settled.filter((run) => run.reverted).length,
    subjects: new Set(settled.map((run) => run.subject)).size,
    spendMicroUsd: [...settled, ...unknown].reduce((sum, run) => sum + run.spentMicroUsd, 0n),
  }
}

/** Looks at the thresholds now, whether or not this is a checkpoint. */
export function evaluateTrial(promotion: PromotionFile, variant: Tally, baseline: Tally): Evaluation {
  const { promote, sunset } = promotion
  const measures = [
    atLeast('runs', promote.runs, variant.settled, 'settled runs'),
    atLeast('baseline-runs', promote.runs, baseline.settled, 'settled runs of the baseline'),
    atLeast('subjects', promote.subjects, variant.subjects, 'different subjects'),
    acceptedMeasure(promote.accepted, variant),
    acceptedBesideBaseline(variant, baseline),
    spendMeasure(promote['spend-per-accepted'], variant, baseline),
    unknownMeasure(promote.unknown, variant),
    revertedMeasure(promote.reverted, variant),
    revertedBesideBaseline(variant, baseline),
  ]
  const acceptedBelow = variant.accepted * WHOLE < sunset['accepted-below'] * variant.settled
  return {
    measures,
    allHold: measures.every((measure) => measure.holds),
    sunsetHolds: variant.settled >= sunset.runs && acceptedBelow,
  }
}

/**
 * Whether the settled runs have reached a multiple of `runs` that has not been looked at; yields the highest such
 * multiple. `settled` counts all of the trial's settled runs, not the window's, so that it never falls.
 */
export function dueCheckpoint(promotion: PromotionFile, settled: number, lastSettled: number): number | undefined {
  const { runs } = promotion.promote
  const reached = settled - (settled % runs)
  return reached > 0 && reached > lastSettled ? reached : undefined
}

/**
 * `promote` when every threshold held at the last two checkpoints; `sunset` likewise; else `not-yet`. Oldest first.
 * Where rules are so written that both hold, promotion comes first: it is the one that a maintainer decides.
 */
export function decideTrial(checkpoints: readonly Checkpoint[]): { decision: Decision; reasons: readonly string[] } {
  const [before, last] = checkpoints.slice(-2)
  if (!before || !last) {
    const seen = checkpoints.length === 0 ? 'no checkpoint has' : 'only one checkpoint has'
    return { decision: 'not-yet', reasons: [`${seen} been reached; two in a row decide`] }
  }
  const where = `at ${before.settled} and at ${last.settled} settled runs`
  if (before.allHold && last.allHold) return { decision: 'promote', reasons: [`every threshold held ${where}`] }
  if (before.sunsetHolds && last.sunsetHolds) {
    return { decision: 'sunset', reasons: [`too few runs were accepted ${where}`] }
  }
  const failed = [before, last].filter((checkpoint) => !checkpoint.allHold)
  return {
    decision: 'not-yet',
    reasons: failed.map((checkpoint) => `not every threshold held at ${checkpoint.settled} settled runs`),
  }
}

/** The accepted runs' share of the spend, rounded up; `undefined` when nothing was accepted. */
export function spendPerAcceptedMicroUsd(tally: Tally): bigint | undefined {
  return tally.accepted === 0 ? undefined : mulDivCeil(tally.spendMicroUsd, 1n, BigInt(tally.accepted))
}

/** `80% (8 of 10)`; `undefined` of nothing. The decision never looks at the rounded percentage. */
export function formatShare(part: number, whole: number): string | undefined {
  if (whole === 0) return undefined
  return `${decimal(Math.round((part * 1000) / whole), 1)}% (${part} of ${whole})`
}

/** 100% in basis points. Counts stay far below the integers that a number holds exactly. */
const WHOLE = 10_000

type Threshold = Measure['threshold']

function atLeast(threshold: Threshold, required: number, measured: number, what: string): Measure {
  return { threshold, required: `at least ${required} ${what}`, measured: `${measured}`, holds: measured >= required }
}

function acceptedMeasure(required: number, variant: Tally): Measure {
  return {
    threshold: 'accepted',
    required: `at least ${percent(required)} accepted`,
    measured: formatShare(variant.accepted, variant.settled),
    holds: variant.settled > 0 && variant.accepted * WHOLE >= required * variant.settled,
  }
}

function acceptedBesideBaseline(variant: Tally, baseline: Tally): Measure {
  const known = variant.settled > 0 && baseline.settled > 0
  const share = formatShare(baseline.accepted, baseline.settled)
  return {
    threshold: 'accepted-baseline',
    required: share === undefined ? 'not below the baseline’s' : `not below the baseline’s ${share}`,
    measured: known ? formatShare(variant.accepted, variant.settled) : undefined,
    holds: known && variant.accepted * baseline.settled >= baseline.accepted * variant.settled,
  }
}

/** `variant spend / accepted <= ratio * baseline spend / accepted`, multiplied out so that nothing is rounded. */
function spendMeasure(thousandths: number, variant: Tally, baseline: Tally): Measure {
  const own = spendPerAcceptedMicroUsd(variant)
  const standard = spendPerAcceptedMicroUsd(baseline)
  const left = variant.spendMicroUsd * BigInt(baseline.accepted) * 1000n
  const right = BigInt(thousandths) * baseline.spendMicroUsd * BigInt(variant.accepted)
  const known = own !== undefined && standard !== undefined
  const most = `at most ${decimal(thousandths, 3)} times the baseline’s`
  return {
    threshold: 'spend-per-accepted',
    required: `${most}${standard === undefined ? '' : ` ${formatUsd(standard)}`} for each accepted run`,
    measured: known ? `${formatUsd(own)}${ratio(left, right, thousandths)}` : undefined,
    holds: known && left <= right,
  }
}

function unknownMeasure(most: number, variant: Tally): Measure {
  const all = variant.settled + variant.unknown
  return {
    threshold: 'unknown',
    required: `at most ${percent(most)} of settled and unknown runs unknown`,
    measured: formatShare(variant.unknown, all),
    holds: all > 0 && variant.unknown * WHOLE <= most * all,
  }
}

function revertedMeasure(most: number, variant: Tally): Measure {
  return {
    threshold: 'reverted',
    required: `at most ${percent(most)} reverted`,
    measured: formatShare(variant.reverted, variant.settled),
    holds: variant.settled > 0 && variant.reverted * WHOLE <= most * variant.settled,
  }
}

function revertedBesideBaseline(variant: Tally, baseline: Tally): Measure {
  const known = variant.settled > 0 && baseline.settled > 0
  const share = formatShare(baseline.reverted, baseline.settled)
  return {
    threshold: 'reverted-baseline',
    required: share === undefined ? 'not above twice the baseline’s' : `not above twice the baseline’s ${share}`,
    measured: known ? formatShare(variant.reverted, variant.settled) : undefined,
    holds: known && variant.reverted * baseline.settled <= 2 * baseline.reverted * variant.settled,
  }
}

/** ` (1.11 times)`, rounded up for show; nothing beside a baseline that cost nothing. */
function ratio(left: bigint, right: bigint, thousandths: number): string {
  if (right === 0n) return ''
  const hundredths = mulDivCeil(left, BigInt(thousandths), right * 10n)
  return ` (${decimal(Number(hundredths), 2)} times)`
}

function percent(basisPoints: number): string {
  return `${decimal(basisPoints, 2)}%`
}

/** `decimal(1250, 3)` -> `1.25`. */
function decimal(scaled: number, places: number): string {
  const digits = scaled.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`
}
