import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatInterval, wilsonInterval } from '../../../core/promotion/interval.ts'

// By hand from Wilson's formula; 8 of 10 and 0 of 10 are the textbook examples.
test.each<[successes: number, runs: number, shown: string]>([
  [8, 10, '49% to 94%'],
  [0, 10, '0% to 28%'],
  [10, 10, '72% to 100%'],
  [1, 2, '9% to 91%'],
  [80, 100, '71% to 87%'],
])('%i of %i', (successes, runs, shown) => {
  const interval = wilsonInterval(successes, runs)
  expect(interval && formatInterval(interval)).toBe(shown)
})

test('there is none without runs', () => {
  expect(wilsonInterval(0, 0)).toBeUndefined()
})

test('it holds the rate and stays between 0 and 100', () => {
  const counts = fc
    .integer({ min: 1, max: 5_000 })
    .chain((runs) => fc.tuple(fc.integer({ min: 0, max: runs }), fc.constant(runs)))
  fc.assert(
    fc.property(counts, ([successes, runs]) => {
      const interval = wilsonInterval(successes, runs)
      const percent = (successes / runs) * 100
      expect(interval?.lowPercent).toBeGreaterThanOrEqual(0)
      expect(interval?.lowPercent).toBeLessThanOrEqual(percent + 1e-9)
      expect(interval?.highPercent).toBeGreaterThanOrEqual(percent - 1e-9)
      expect(interval?.highPercent).toBeLessThanOrEqual(100)
    }),
  )
})
