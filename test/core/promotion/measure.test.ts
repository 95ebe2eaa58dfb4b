import { describe, expect, test } from 'vitest'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { evaluateTrial, type Measure } from '../../../core/promotion/measure.ts'
import type { Tally } from '../../../core/promotion/tally.ts'

const rules = promotionSchema.parse({})

const nothing: Tally = {
  settled: 0,
  accepted: 0,
  reworked: 0,
  rejected: 0,
  unknown: 0,
  reverted: 0,
  subjects: 0,
  spendMicroUsd: 0n,
}
/** Just good enough beside `baseline`: one step worse in any measure and it isn't. */
const variant: Tally = {
  settled: 20,
  accepted: 16,
  reworked: 2,
  rejected: 2,
  unknown: 5,
  reverted: 1,
  subjects: 5,
  spendMicroUsd: 20_000_000n,
}
const baseline: Tally = { ...variant, settled: 20, accepted: 16, reverted: 1, spendMicroUsd: 16_000_000n }

function failing(own: Tally, standard: Tally): readonly Measure['threshold'][] {
  return evaluateTrial(rules, own, standard)
    .measures.filter((measure) => !measure.holds)
    .map((measure) => measure.threshold)
}

describe('the thresholds', () => {
  test('hold at their very edge', () => {
    const evaluation = evaluateTrial(rules, variant, baseline)
    expect(failing(variant, baseline)).toEqual([])
    expect(evaluation).toMatchObject({ allHold: true, sunsetHolds: false })
  })

  test.each<[what: string, own: Partial<Tally>, standard: Partial<Tally>, failed: Measure['threshold'][]]>([
    ['one run too few', { settled: 9, accepted: 9, reverted: 0, unknown: 0, spendMicroUsd: 1n }, {}, ['runs']],
    ['one run of the baseline too few', {}, { settled: 9, accepted: 7 }, ['baseline-runs']],
    ['one subject too few', { subjects: 4 }, {}, ['subjects']],
    ['one accepted too few', { accepted: 15 }, {}, ['accepted', 'accepted-baseline', 'spend-per-accepted']],
    ['below the baseline', {}, { accepted: 17, spendMicroUsd: 17_000_000n }, ['accepted-baseline']],
    ['a micro-dollar too dear', { spendMicroUsd: 20_000_001n }, {}, ['spend-per-accepted']],
    ['one unknown too many', { unknown: 6 }, {}, ['unknown']],
    ['one reverted too many', { reverted: 2 }, {}, ['reverted']],
    ['reverted, and nothing of the baseline is', {}, { reverted: 0 }, ['reverted-baseline']],
  ])('%s', (_what, own, standard, failed) => {
    expect(failing({ ...variant, ...own }, { ...baseline, ...standard })).toEqual(failed)
    expect(evaluateTrial(rules, { ...variant, ...own }, { ...baseline, ...standard }).allHold).toBe(false)
  })

  test('stand beside their numbers in words', () => {
    expect(evaluateTrial(rules, variant, baseline).measures).toEqual([
      { threshold: 'runs', required: 'at least 10 settled runs', measured: '20', holds: true },
      { threshold: 'baseline-runs', required: 'at least 10 settled runs of the baseline', measured: '20', holds: true },
      { threshold: 'subjects', required: 'at least 5 different subjects', measured: '5', holds: true },
      { threshold: 'accepted', required: 'at least 80% accepted', measured: '80% (16 of 20)', holds: true },
      {
        threshold: 'accepted-baseline',
        required: 'not below the baseline’s 80% (16 of 20)',
        measured: '80% (16 of 20)',
        holds: true,
      },
      {
        threshold: 'spend-per-accepted',
        required: 'at most 1.25 times the baseline’s $1.00 for each accepted run',
        measured: '$1.25 (1.25 times)',
        holds: true,
      },
      {
        threshold: 'unknown',
        required: 'at most 20% of settled and unknown runs unknown',
        measured: '20% (5 of 25)',
        holds: true,
      },
      { threshold: 'reverted', required: 'at most 5% reverted', measured: '5% (1 of 20)', holds: true },
      {
        threshold: 'reverted-baseline',
        required: 'not above twice the baseline’s 5% (1 of 20)',
        measured: '5% (1 of 20)',
        holds: true,
      },
    ])
  })
})

describe('missing data never passes', () => {
  test('without a baseline', () => {
    const evaluation = evaluateTrial(rules, variant, nothing)
    const unmeasured = evaluation.measures.filter((measure) => measure.measured === undefined)
    expect(unmeasured.map((measure) => measure.threshold)).toEqual([
      'accepted-baseline',
      'spend-per-accepted',
      'reverted-baseline',
    ])
    expect(unmeasured.every((measure) => !measure.holds)).toBe(true)
    expect(evaluation.allHold).toBe(false)
  })

  test('without any run, under the most lenient rules there can be', () => {
    const lenient = promotionSchema.parse({
      promote: {
        runs: 1,
        subjects: 1,
        accepted: '0%',
        'spend-per-accepted': '999x',
        unknown: '100%',
        reverted: '100%',
      },
      sunset: { runs: 1, 'accepted-below': '100%' },
    })
    const evaluation = evaluateTrial(lenient, nothing, nothing)
    expect(evaluation.measures.filter((measure) => measure.holds)).toEqual([])
    expect(evaluation.sunsetHolds).toBe(false)
  })

  test('when the baseline was never accepted, nothing says what an accepted run costs', () => {
    const standard = { ...baseline, accepted: 0, rejected: 18 }
    expect(failing(variant, standard)).toEqual(['spend-per-accepted'])
  })
})

test('a baseline that cost nothing is only met by a variant that costs nothing', () => {
  const free = { ...baseline, spendMicroUsd: 0n }
  expect(failing(variant, free)).toEqual(['spend-per-accepted'])
  expect(failing({ ...variant, spendMicroUsd: 0n }, free)).toEqual([])
})

test('amounts beyond what floats can tell apart still decide', () => {
  const large = 16n * 10n ** 18n
  const standard = { ...baseline, spendMicroUsd: large }
  expect(failing({ ...variant, spendMicroUsd: (large * 5n) / 4n }, standard)).toEqual([])
  expect(failing({ ...variant, spendMicroUsd: (large * 5n) / 4n + 1n }, standard)).toEqual(['spend-per-accepted'])
})

test.each<[settled: number, accepted: number, sunset: boolean]>([
  [9, 0, false],
  [10, 3, true],
  [10, 4, false],
  [20, 7, true],
])('sunset with %i settled and %i accepted', (settled, accepted, sunset) => {
  expect(evaluateTrial(rules, { ...variant, settled, accepted }, baseline).sunsetHolds).toBe(sunset)
})
