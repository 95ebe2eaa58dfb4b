/**
 * How a value shows in GitHub's facts. A closed list of two kinds: a share of a portfolio's runs, or the time between two
 * moments that GitHub showed. To add one, name it here and have `app/observe/span.ts` note its moments: checks, texts, schema,
 * review and reference follow from this list.
 */
import { formatShare } from '../promotion/measure.ts'

interface MeasureKind {
  /** `share`: counted from runs. `span`: hours from one moment to another. */
  readonly kind: 'share' | 'span'
  /** Whose moments: those of the runs that a portfolio pays for, or of all issues with a label. */
  readonly scope: 'portfolio' | 'label'
  /** To go on after "it shows in". Less of any of them is better. */
  readonly says: string
}

const measures = {
  'rework-and-reverts': {
    kind: 'share',
    scope: 'portfolio',
    says: 'how much of its work had to be reworked or was reverted',
  },
  'first-run-to-merge': {
    kind: 'span',
    scope: 'portfolio',
    says: 'the hours from the first run on a pull request to its merge',
  },
  'first-run-to-review': {
    kind: 'span',
    scope: 'portfolio',
    says: 'the hours from the first run on a pull request to the first review that somebody gave it',
  },
  'merge-to-revert': {
    kind: 'span',
    scope: 'portfolio',
    says: 'how often merged work was reverted, and the hours it stood until then',
  },
  'incident-open-hours': {
    kind: 'span',
    scope: 'label',
    says: 'the hours that issues with the label were open, whether or not a run touched them',
  },
} as const satisfies Record<string, MeasureKind>

export type MeasureName = keyof typeof measures
/** Of a schema, so in the order in which they stand above. */
export const measureNames = Object.keys(measures) as [MeasureName, ...MeasureName[]]

/** The measures whose moments are noted. */
export type SpanMeasure = {
  [Name in MeasureName]: (typeof measures)[Name]['kind'] extends 'span' ? Name : never
}[MeasureName]

export function scopeOf(measure: MeasureName): MeasureKind['scope'] {
  return measures[measure].scope
}

export function isSpan(measure: MeasureName): measure is SpanMeasure {
  return measures[measure].kind === 'span'
}

export function saysOf(measure: MeasureName): string {
  return measures[measure].says
}

/** What a measure came to in a period. Quartiles are absent where nothing ended. */
export type Measured =
  | { readonly kind: 'share'; readonly count: number; readonly of: number }
  | {
      readonly kind: 'span'
      /** Those that ended within the period. */
      readonly count: number
      readonly totalHours: number
      readonly quartileHours?: readonly [first: number, median: number, third: number] | undefined
      /** Those that had begun and not ended by the end of the period. */
      readonly open: number
    }

/** `12.5% (1 of 8)`, `median 5.2 h, half of them 2 to 9 h (7)`, `none`. */
export function measuredWords(measured: Measured): string {
  if (measured.kind === 'share') return formatShare(measured.count, measured.of) ?? 'none yet'
  const { count, quartileHours, open } = measured
  const still = open === 0 ? '' : `${open} still open`
  if (quartileHours === undefined) return still === '' ? 'none yet' : `none ended, ${still}`
  const [first, median, third] = quartileHours.map(hours)
  const spread =
    count === 1 ? `${median} h (1)` : `median ${median} h, the middle half ${first} to ${third} h (${count})`
  return still === '' ? spread : `${spread}, ${still}`
}

/** That stands wherever a measure is shown beside a spend. */
export const ASSOCIATION =
  'Measures stand beside the spend as association, never as proof: much else happens in a repository.'

function hours(value: number): string {
  return value < 10 ? `${Math.round(value * 10) / 10}` : `${Math.round(value)}`
}
