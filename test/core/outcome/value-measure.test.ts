import { describe, expect, test } from 'vitest'
import { noCounts, perAcceptedWords } from '../../../core/outcome/portfolio-counts.ts'
import { type Measured, measuredWords, measureNames, saysOf } from '../../../core/outcome/value-measure.ts'

describe('a measure in words', () => {
  test.each<[Measured, string]>([
    [{ kind: 'share', count: 1, of: 8 }, '12.5% (1 of 8)'],
    [{ kind: 'share', count: 0, of: 0 }, 'none yet'],
    [{ kind: 'span', count: 0, totalHours: 0, open: 0 }, 'none yet'],
    [{ kind: 'span', count: 0, totalHours: 0, open: 2 }, 'none ended, 2 still open'],
    [{ kind: 'span', count: 1, totalHours: 5.23, quartileHours: [5.23, 5.23, 5.23], open: 0 }, '5.2 h (1)'],
    [
      { kind: 'span', count: 7, totalHours: 90, quartileHours: [2, 5.25, 48.4], open: 1 },
      'median 5.3 h, the middle half 2 to 48 h (7), 1 still open',
    ],
  ])('%j', (measured, words) => {
    expect(measuredWords(measured)).toBe(words)
  })

  test('each says what it shows', () => {
    for (const name of measureNames) expect(saysOf(name)).toMatch(/^[a-z].*[a-z]$/)
  })
})

describe('the spend for each accepted run never stands without its count and its unknowns', () => {
  test.each([
    [{ accepted: 2, unknown: 1, spendMicroUsd: 3_000_000n }, '$1.50 for each of 2 accepted runs, 1 unknown'],
    [{ accepted: 1, unknown: 0, spendMicroUsd: 500_000n }, '$0.50 for the one accepted run, none unknown'],
    [{ accepted: 0, unknown: 3, spendMicroUsd: 500_000n }, 'nothing accepted for $0.50, 3 unknown'],
    [noCounts, undefined],
  ])('%o', (spend, words) => {
    expect(perAcceptedWords(spend)).toBe(words)
  })
})
