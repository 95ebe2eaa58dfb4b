import { expect, test } from 'vitest'
import { suggestCap } from '../../../core/promotion/suggested-cap.ts'

const dollars = (...amounts: number[]) => amounts.map((amount) => BigInt(Math.round(amount * 1_000_000)))

test.each([
  // [spends, present cap, floor] -> proposed, by the rule
  [dollars(0.4, 0.5, 0.5, 0.6, 0.6, 0.6, 0.7, 0.7, 0.8, 2), 2_500_000n, undefined, 1_200_000n, 1_200_000n],
  [dollars(0.333333), 2_500_000n, undefined, 500_000n, 500_000n],
  [dollars(0.000001), 2_550_000n, undefined, 260_000n, 10_000n],
  [dollars(0.1), 2_500_000n, 1_000_000n, 1_000_000n, 150_000n],
  [dollars(2), 2_500_000n, undefined, 2_500_000n, 3_000_000n],
])('%s under %s with floor %s: %s', (spends, present, floor, proposed, byRule) => {
  expect(suggestCap(spends, present, floor)).toMatchObject({ capMicroUsd: proposed, byRuleMicroUsd: byRule })
})

test('without runs the cap stays', () => {
  expect(suggestCap([], 1_250_000n, undefined)).toEqual({
    capMicroUsd: 1_250_000n,
    presentMicroUsd: 1_250_000n,
    leastMicroUsd: 130_000n,
    runs: 0,
  })
})
