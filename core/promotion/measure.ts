/** The thresholds of `promotion.yml`, each beside its number: exact, over counts that anybody can recompute. */
import type { PromotionFile } from '../config/promotion.ts'
import { formatUsd, mulDivCeil } from '../money/money.ts'
import { spendPerAcceptedMicroUsd, type Tally } from './tally.ts'

/** In the order in which they are shown. */
export const thresholds = [
  'runs',
  'baseline-runs',
  'subjects',
  'accepted',
  'accepted-baseline',
  'spend-per-accepted',
  'unknown',
  'reverted',
  'reverted-baseline',
] as const
export type Threshold = (typeof thresholds)[number]

/** A threshold beside its number, both in words; `measured` is absent where there is no data, which never passes. */
export interface Measure {
  readonly threshold: Threshold
  readonly required: string
  readonly measured: string | undefined
  readonly holds: boolean
}

export interface Evaluation {
  readonly measures: readonly Measure[]
  readonly allHold: boolean
  readonly sunsetHolds: boolean
}

/** Holds two tallies against the thresholds, whether or not this is a checkpoint. */
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

/** `80% (8 of 10)`; `undefined` of nothing. No decision looks at the rounded percentage. */
export function formatShare(part: number, whole: number): string | undefined {
  if (whole === 0) return undefined
  return `${decimal(Math.round((part * 1000) / whole), 1)}% (${part} of ${whole})`
}

/** 100% in basis points. Counts stay far below the integers that a number holds exactly. */
const WHOLE = 10_000

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
