/** Prices of every shape: tiers in any order, cache dearer than fresh input, output cheaper than input, nothing at all. */
import fc from 'fast-check'
import type { Price } from '../../core/money/price.ts'

const rate = fc.bigInt({ min: 0n, max: 90_000_000n })
const rates = fc.record(
  { input: rate, cached: rate, written: rate, output: rate },
  { requiredKeys: ['input', 'cached', 'output'] },
)

export const prices: fc.Arbitrary<Price> = fc
  .tuple(rates, fc.array(fc.tuple(rates, fc.integer({ min: 0, max: 40_000 })), { maxLength: 3 }))
  .map(([base, tiers]) => ({
    ...base,
    tiers: tiers.map(([tier, aboveInputTokens]) => ({ ...tier, aboveInputTokens })),
    source: 'a test',
  }))
