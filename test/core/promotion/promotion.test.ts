import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Measure, type Threshold, thresholds } from '../../../core/promotion/measure.ts'
import {
  type Checkpoint,
  type Decision,
  type DecisionReason,
  decideTrial,
  decisionReasons,
} from '../../../core/promotion/promotion.ts'

/** `null` for a threshold that has no data. */
type Failing = Partial<Record<Threshold, 'fails' | null>>

function checkpoint(settled: number, failing: Failing = {}, sunsetHolds = false): Checkpoint {
  const measures = thresholds.map((threshold): Measure => {
    const measured = failing[threshold] === null ? undefined : '1'
    return { threshold, required: 'more', measured, holds: failing[threshold] === undefined }
  })
  return { settled, measures, allHold: Object.keys(failing).length === 0, sunsetHolds }
}

describe('two checkpoints in a row decide', () => {
  const marks: Readonly<Record<string, { failing: Failing; sunsetHolds: boolean }>> = {
    '+': { failing: {}, sunsetHolds: false },
    '.': { failing: { accepted: 'fails' }, sunsetHolds: false },
    '-': { failing: { accepted: 'fails' }, sunsetHolds: true },
    '*': { failing: {}, sunsetHolds: true },
    '?': { failing: { 'spend-per-accepted': null }, sunsetHolds: false },
  }

  /** `+` every threshold held, `.` one did not, `-` sunset held, `*` all and sunset held, `?` one had no data. */
  const checkpoints = (text: string) =>
    [...text].map((mark, index) => checkpoint((index + 1) * 10, marks[mark]?.failing, marks[mark]?.sunsetHolds))

  test.each<[marks: string, decision: Decision, reasons: DecisionReason[]]>([
    ['', 'not-yet', ['too-few-runs']],
    ['+', 'not-yet', ['first-checkpoint']],
    ['.', 'not-yet', ['first-checkpoint', 'accepted-below']],
    ['-', 'not-yet', ['first-checkpoint', 'accepted-below']],
    ['++', 'promote', ['held-twice']],
    ['--', 'sunset', ['sunset-accepted-below']],
    ['..', 'reject', ['accepted-below']],
    ['.-', 'reject', ['accepted-below']],
    ['.?', 'not-yet', ['no-data', 'accepted-below']],
    ['??', 'not-yet', ['no-data']],
    ['+.', 'not-yet', ['checkpoints-differ', 'accepted-below']],
    ['.+', 'not-yet', ['checkpoints-differ', 'accepted-below']],
    ['+-', 'not-yet', ['checkpoints-differ', 'accepted-below']],
    ['+.+', 'not-yet', ['checkpoints-differ', 'accepted-below']],
    ['.++', 'promote', ['held-twice']],
    ['++.', 'not-yet', ['checkpoints-differ', 'accepted-below']],
    ['++..', 'reject', ['accepted-below']],
    ['**', 'promote', ['held-twice']],
  ])('%s', (text, decision, reasons) => {
    expect(decideTrial(checkpoints(text))).toEqual({ decision, reasons })
  })
})

test.each<[threshold: Threshold, decision: Decision, reason: DecisionReason]>([
  ['baseline-runs', 'not-yet', 'baseline-too-few-runs'],
  ['subjects', 'not-yet', 'too-few-subjects'],
  ['unknown', 'not-yet', 'too-much-unknown'],
  ['accepted', 'reject', 'accepted-below'],
  ['accepted-baseline', 'reject', 'below-baseline'],
  ['spend-per-accepted', 'reject', 'too-dear'],
  ['reverted', 'reject', 'reverted-too-often'],
  ['reverted-baseline', 'reject', 'reverted-above-baseline'],
])('where %s fails twice: %s', (threshold, decision, reason) => {
  const twice = [checkpoint(10, { [threshold]: 'fails' }), checkpoint(20, { [threshold]: 'fails' })]
  expect(decideTrial(twice)).toEqual({ decision, reasons: [reason] })
})

test('what both checkpoints lack is said once, in the order of the list', () => {
  const { reasons } = decideTrial([
    checkpoint(10, { reverted: 'fails', subjects: 'fails' }),
    checkpoint(20, { subjects: 'fails', accepted: 'fails' }),
  ])
  expect(reasons).toEqual(['too-few-subjects', 'accepted-below', 'reverted-too-often'])
  expect(reasons.every((reason) => decisionReasons[reason].length > 0)).toBe(true)
})

test('the documentation lists every reason, in its words', () => {
  const page = readFileSync(new URL('../../../docs/promotion.md', import.meta.url), 'utf8')
  for (const [reason, says] of Object.entries(decisionReasons)) expect(page).toContain(`| \`${reason}\` | ${says} |`)
})
