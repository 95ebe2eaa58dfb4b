import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { needsGo, quoteRun } from '../../../core/money/quote.ts'

const CAP = 2_500_000n

describe('quantiles', () => {
  test.each<[spends: bigint[], usual: bigint, nineInTen: bigint]>([
    [[7n], 7n, 7n],
    [[1n, 2n], 1n, 2n],
    [[3n, 1n, 2n], 2n, 3n],
    [[10n, 20n, 30n, 40n], 20n, 40n],
    [[1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n], 5n, 9n],
    [[1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n], 6n, 10n],
    [[5n, 5n, 5n, 5n], 5n, 5n],
    [[0n, 0n, 900n], 0n, 900n],
    [[9_007_199_254_740_993n, 1n, 9_007_199_254_740_995n], 9_007_199_254_740_993n, 9_007_199_254_740_995n],
  ])('%s', (spends, usualMicroUsd, nineInTenMicroUsd) => {
    const quote = quoteRun(spends, CAP, CAP)
    expect(quote).toEqual({ runs: spends.length, usualMicroUsd, nineInTenMicroUsd, capMicroUsd: CAP })
  })

  test('the order of the runs changes nothing, and each amount was really paid', () => {
    const spends = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(spends, (amounts) => {
        const quote = quoteRun(amounts, CAP, CAP)
        expect(quote).toEqual(quoteRun(amounts.toReversed(), CAP, CAP))
        expect(amounts).toContain(quote.usualMicroUsd)
        const within = amounts.filter((amount) => amount <= (quote.nineInTenMicroUsd ?? -1n)).length
        expect(within * 10).toBeGreaterThanOrEqual(amounts.length * 9)
      }),
    )
  })
})

test('says that there is no history by leaving the amounts out', () => {
  expect(quoteRun([], CAP, CAP)).toEqual({ runs: 0, capMicroUsd: CAP })
})

test('names the cap that was asked for when the hold is smaller', () => {
  expect(quoteRun([], CAP, 1_000_000n)).toEqual({ runs: 0, capMicroUsd: 1_000_000n, askedMicroUsd: CAP })
})

describe('a run waits for a go', () => {
  test.each<[what: string, confirmOver: bigint | undefined, agreed: bigint | undefined, waits: boolean]>([
    ['never where the portfolio does not ask', undefined, undefined, false],
    ['above what the portfolio starts without asking', CAP - 1n, undefined, true],
    ['not at exactly that', CAP, undefined, false],
    ['no longer once somebody agreed to that cap', CAP - 1n, CAP, false],
    ['again where the cap has risen above what was shown', CAP - 1n, CAP - 1n, true],
    ['again also where the portfolio no longer asks', undefined, CAP - 1n, true],
  ])('%s', (_what, confirmOverMicroUsd, agreedMicroUsd, waits) => {
    expect(needsGo({ capMicroUsd: CAP, confirmOverMicroUsd, agreedMicroUsd })).toBe(waits)
  })
})
