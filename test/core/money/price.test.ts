/** What a call costs and can cost at worst, against a bill written out by hand and against the list's own calculation. */
import { calcPrice } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKeptPrices } from '../../../catalog/built-in.ts'
import {
  costMicroUsd,
  outputTokensWithin,
  type Price,
  priceInUs,
  worstCostMicroUsd,
} from '../../../core/money/price.ts'
import { resolveRun } from '../../../core/plan/resolve.ts'
import { isRefusal } from '../../../core/reason.ts'
import type { Usage } from '../../../core/run/run.ts'
import { priceEntry, pricesFrom } from '../../../scripts/price-entry.ts'
import { configurationOf, layer, tidyFiles } from '../config/layers.ts'
import { prices } from '../prices-world.ts'

const list = readKeptPrices()
const kept = [...list.keys()].map((model): [string, Price] => [model, priceOf(model)])

function priceOf(model: string): Price {
  const price = list.get(model)
  if (price === undefined) throw new Error(`the list has no price of ${model}`)
  return price
}

/** The bill in millionths of a micro-USD: the highest tier that the input has passed prices the whole call. */
function bill(price: Price, usage: Usage): bigint {
  const passed = price.tiers.filter((tier) => tier.aboveInputTokens < usage.inputTokens)
  const above = Math.max(...passed.map((tier) => tier.aboveInputTokens))
  const rates = passed.findLast((tier) => tier.aboveInputTokens === above) ?? price
  const { writtenTokens = 0 } = usage
  return (
    BigInt(usage.inputTokens - usage.cachedTokens - writtenTokens) * rates.input +
    BigInt(usage.cachedTokens) * rates.cached +
    BigInt(writtenTokens) * (rates.written ?? rates.input) +
    BigInt(usage.outputTokens) * rates.output
  )
}

const sizes = fc.record({ inputTokens: fc.integer({ min: 1, max: 60_000 }), outputTokens: fc.nat(20_000) })
const parts = fc.record({ input: fc.nat(100), cached: fc.nat(100), written: fc.nat(100), output: fc.nat(100) })

/** Usage within a bound; tier edges come up, since that is where rates change. */
function within(
  price: Price,
  bound: { inputTokens: number; outputTokens: number },
  part: { readonly input: number; readonly cached: number; readonly written: number; readonly output: number },
) {
  const edges = price.tiers
    .flatMap(({ aboveInputTokens: edge }) => [edge, edge + 1])
    .filter((edge) => edge <= bound.inputTokens)
  const inputs = [...edges, bound.inputTokens, Math.floor((bound.inputTokens * part.input) / 100)]
  const inputTokens = inputs[part.output % inputs.length] ?? 0
  const cachedTokens = Math.floor((inputTokens * part.cached) / 100)
  return {
    inputTokens,
    cachedTokens,
    writtenTokens: Math.floor(((inputTokens - cachedTokens) * part.written) / 100),
    outputTokens: Math.floor((bound.outputTokens * part.output) / 100),
    reasoningTokens: 0,
  }
}

describe('the cost of a call', () => {
  it('is its bill, rounded up to a whole micro-USD', () => {
    fc.assert(
      fc.property(prices, sizes, parts, (price, bound, part) => {
        const usage = within(price, bound, part)
        const cost = costMicroUsd(price, usage) * 1_000_000n
        expect(cost).toBeGreaterThanOrEqual(bill(price, usage))
        expect(cost - bill(price, usage)).toBeLessThan(1_000_000n)
      }),
    )
  })

  it('is never above the worst case of a bound that it lies within, whichever tier and however much is cached', () => {
    fc.assert(
      fc.property(prices, sizes, parts, (price, bound, part) => {
        const worst = worstCostMicroUsd(price, bound.inputTokens, bound.outputTokens)
        expect(costMicroUsd(price, within(price, bound, part))).toBeLessThanOrEqual(worst)
      }),
      { numRuns: 1_000 },
    )
  })

  it('leaves room for exactly so much output, and not for one token more', () => {
    fc.assert(
      fc.property(prices, fc.nat(60_000), fc.bigInt({ min: 0n, max: 5_000_000n }), (price, inputTokens, room) => {
        const fitting = outputTokensWithin(price, inputTokens, room)
        if (fitting >= 0) expect(worstCostMicroUsd(price, inputTokens, fitting)).toBeLessThanOrEqual(room)
        if (fitting < Number.MAX_SAFE_INTEGER) {
          expect(worstCostMicroUsd(price, inputTokens, Math.max(0, fitting + 1))).toBeGreaterThan(room)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('spends what is left of a micro-USD: half a one for input leaves half a one for output', () => {
    const price = { input: 500_000n, cached: 0n, output: 500_000n, tiers: [], source: 'a test' }
    expect(outputTokensWithin(price, 1, 1n)).toBe(1)
  })
})

describe('the kept price list', () => {
  it('names its source and day with every price', () => {
    expect(kept.length).toBeGreaterThan(50)
    for (const [, price] of kept)
      expect(price.source).toMatch(/^@pydantic\/genai-prices \d+\.\d+\.\d+, \d{4}-\d{2}-\d{2}$/)
  })

  it('has models that charge by tiers, and the models that charge for writing their cache at that price', () => {
    const price = new Map(kept).get('gpt-5.6-sol')
    expect(price).toMatchObject({
      input: 5_000_000n,
      cached: 400_000n,
      output: 20_000_000n,
      tiers: [{ aboveInputTokens: 271_999, input: 10_000_000n, cached: 800_000n, output: 30_000_000n }],
    })
  })

  it.each(kept)('never makes a call of %s cheaper than the list’s own calculation does', (model, price) => {
    const day = new Date(`${price.source.slice(-10)}T12:00:00Z`)
    fc.assert(
      fc.property(fc.nat(600_000), fc.nat(100), fc.nat(100), fc.nat(50_000), (input, read, written, output) => {
        const cachedTokens = Math.floor((input * read) / 100)
        const writtenTokens = Math.floor(((input - cachedTokens) * written) / 100)
        const listed = calcPrice(
          {
            input_tokens: input,
            cache_read_tokens: cachedTokens,
            ...(writesCost(model) && { cache_write_tokens: writtenTokens }),
            output_tokens: output,
          },
          model,
          { providerId: providerOf(model), timestamp: day },
        )
        if (listed === null) throw new Error(`${model} is not in the list`)
        const usage = { inputTokens: input, cachedTokens, outputTokens: output, reasoningTokens: 0 }
        const cost = costMicroUsd(price, price.written === undefined ? usage : { ...usage, writtenTokens })
        // The list calculates in floats.
        expect(Number(cost) / 1e6).toBeGreaterThanOrEqual(listed.total_price - 1e-9)
        if (price.written !== undefined || !writesCost(model))
          expect(Number(cost) / 1e6).toBeLessThan(listed.total_price + 1.1e-6)
      }),
      { numRuns: 20 },
    )
  })

  function providerOf(model: string): string {
    return model.startsWith('claude-') ? 'anthropic' : 'openai'
  }

  function writesCost(model: string): boolean {
    const listed = calcPrice({ input_tokens: 1 }, model, { providerId: providerOf(model) })
    return listed?.model_price.cache_write_mtok !== undefined
  }
})

describe('an entry of the list', () => {
  const falling = [
    { prices: { input_mtok: 10, output_mtok: 40 } },
    {
      constraint: { type: 'start_date' as const, start_date: '2026-06-01' },
      prices: { input_mtok: 2, output_mtok: 8 },
    },
  ]

  it.each([
    ['2026-05-31', '10000000'],
    ['2026-06-01', '2000000'],
    ['2026-07-01', '2000000'],
  ])('of a price that falls on 2026-06-01 is, in a list of %s, %s', (date, input) => {
    expect(priceEntry(pricesFrom(falling, date))).toMatchObject({ input })
  })

  it('counts a rise that is announced from the start', () => {
    const rising = [{ prices: { input_mtok: 1, output_mtok: 4 } }, ...falling.slice(1)]
    expect(priceEntry(pricesFrom(rising, '2026-05-01'))).toEqual({
      input: '2000000',
      cached: '2000000',
      output: '8000000',
    })
  })

  it('counts the dearest hours of the day', () => {
    const hours = { type: 'time_of_date' as const, start_time: '16:30:00Z', end_time: '00:30:00Z' }
    const cheapAtNight = [
      { prices: { input_mtok: 0.5, cache_read_mtok: 0.1, output_mtok: 2 } },
      { constraint: hours, prices: { input_mtok: 0.25, cache_read_mtok: 0.2, output_mtok: 1 } },
    ]
    const entry = { input: '500000', cached: '200000', output: '2000000' }
    expect(priceEntry(pricesFrom(cheapAtNight, '2026-05-01'))).toEqual(entry)
  })

  const listed = { input_mtok: 3, cache_write_mtok: 3.75, cache_read_mtok: 0.3, output_mtok: 15 }

  it('of a provider that tells how much was written has a rate for it', () => {
    expect(priceEntry(pricesFrom(listed, '2026-05-01'), true)).toEqual({
      input: '3000000',
      cached: '300000',
      written: '3750000',
      output: '15000000',
    })
  })

  it('takes writing the cache for fresh input where that is dearer', () => {
    expect(priceEntry(pricesFrom(listed, '2026-05-01'))).toEqual({
      input: '3750000',
      cached: '300000',
      output: '15000000',
    })
  })
})

describe('a model without a price', () => {
  it('is refused, and one that is near is named', () => {
    const configuration = configurationOf(layer('repository', tidyFiles()))
    const subject = { kind: 'pull-request' as const, repository: 'acme/shop', number: 7, headSha: 'a'.repeat(40) }
    const request = { workflow: 'tidy', inputs: {}, overrides: {} }
    const some = new Map([['gpt-5', priceOf('gpt-5')]])
    const found = resolveRun(configuration, request, subject, some, new Date())
    if (!isRefusal(found)) throw new Error('expected a refusal')
    expect(found).toMatchObject({ reason: 'model-without-price' })
    expect(found.message).toContain('gpt-5-mini')
  })
})

describe('where the inference is kept in the US', () => {
  const plain: Price = {
    input: 5_000_000n,
    cached: 500_000n,
    written: 6_250_000n,
    output: 25_000_000n,
    tiers: [{ aboveInputTokens: 200_000, input: 10_000_000n, cached: 1n, output: 37_500_000n }],
    source: 't',
  }

  it.each([
    ...[...list.keys()].filter((model) => model.startsWith('claude') && !model.endsWith('-4-5')),
    'claude-opus-4-6-20260205',
    'claude-opus-4-10',
    'anthropic/claude-opus-4.6',
    'eu.anthropic.claude-sonnet-4-6-v1:0',
    'claude-haiku-5',
  ])('%s costs a tenth more in everything, rounded up', (model) => {
    expect(priceInUs(model, plain)).toEqual({
      input: 5_500_000n,
      cached: 550_000n,
      written: 6_875_000n,
      output: 27_500_000n,
      tiers: [{ aboveInputTokens: 200_000, input: 11_000_000n, cached: 2n, output: 41_250_000n }],
      source: 't',
    })
  })

  it.each([
    ...[...list.keys()].filter((model) => model.endsWith('-4-5') || !model.includes('claude')),
    'claude-opus-4',
    'claude-opus-4-0',
    'claude-opus-4-1-20250805',
    'claude-sonnet-4-20250514',
    'claude-sonnet-4@20250514',
    'anthropic/claude-opus-4.5',
    'claude-3-5-haiku-latest',
    'claude-2.1',
    'claude-instant-1.2',
  ])('%s costs what it costs elsewhere', (model) => {
    expect(priceInUs(model, plain)).toBeUndefined()
  })
})
