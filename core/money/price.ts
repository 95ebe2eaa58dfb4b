/** What a model call costs, exactly, and what it can cost at worst. */
import { z } from 'zod/mini'
import type { Usage } from '../run/run.ts'
import { microUsdWire } from '../wire.ts'
import { minBigint, mulDivCeil } from './money.ts'

/**
 * Micro-USD per million tokens. A tier applies to the whole call once its input passes `aboveInputTokens`. `written` is for
 * input that the provider writes into its cache, where that costs something else.
 */
const ratesSchema = z.object({
  input: microUsdWire,
  cached: microUsdWire,
  written: z.optional(microUsdWire),
  output: microUsdWire,
})
export const priceSchema = z.extend(ratesSchema, {
  tiers: z._default(
    z.array(z.extend(ratesSchema, { aboveInputTokens: z.int().check(z.nonnegative()) })).check(z.maxLength(10)),
    [],
  ),
  /** Where the price comes from and of which day, for the quote's small print. */
  source: z.string().check(z.maxLength(200)),
})
export type Price = z.infer<typeof priceSchema>
type Rates = z.infer<typeof ratesSchema>

const PER = 1_000_000n

/** The cost of a call from what the provider reported, in micro-USD, rounded up once for the whole call. */
export function costMicroUsd(price: Price, usage: Usage): bigint {
  const rates = ratesFor(price, usage.inputTokens)
  const cached = BigInt(Math.min(usage.cachedTokens, usage.inputTokens))
  const written = minBigint(BigInt(usage.writtenTokens ?? 0), BigInt(usage.inputTokens) - cached)
  const fresh = BigInt(usage.inputTokens) - cached - written
  const input = fresh * rates.input + cached * rates.cached + written * (rates.written ?? rates.input)
  return mulDivCeil(input + BigInt(usage.outputTokens) * rates.output, 1n, PER)
}

/** The most that a call can cost whose input has at most `inputTokens`: every rate at its dearest, nothing cached. */
export function worstCostMicroUsd(price: Price, inputTokens: number, outputTokens: number): bigint {
  const { input, output } = dearestRates(price, inputTokens)
  return mulDivCeil(BigInt(inputTokens) * input + BigInt(outputTokens) * output, 1n, PER)
}

/** The most output tokens for which `worstCostMicroUsd` stays within `roomMicroUsd`; negative when the input alone does not fit. */
export function outputTokensWithin(price: Price, inputTokens: number, roomMicroUsd: bigint): number {
  const { input, output } = dearestRates(price, inputTokens)
  // Before anything is rounded: the input may end within a micro-USD, and the rest of it buys output.
  const left = roomMicroUsd * PER - BigInt(inputTokens) * input
  if (left < 0n) return -1
  if (output === 0n) return Number.MAX_SAFE_INTEGER
  const fitting = left / output
  return fitting > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(fitting)
}

/**
 * The price for an interface that caches by itself and tells how much it wrote: Anthropic charges a quarter more for that
 * than for fresh input, so a price that does not say is taken to mean it.
 */
export function withWritten(price: Price): Price {
  const written = <R extends Rates>(rates: R): R => ({
    ...rates,
    written: rates.written ?? mulDivCeil(rates.input, 5n, 4n),
  })
  return { ...written(price), tiers: price.tiers.map(written) }
}

/** Anthropic's models before Opus 4.6, which have one price wherever they answer. */
const ONE_PRICE_EVERYWHERE = /claude-(v?[123]\b|instant|(opus|sonnet|haiku)-4([-.@](0|1|5|20\d{6})\b|$))/

/**
 * What Anthropic asks where it keeps the inference in the US: a tenth more for every kind of token. A key's workspace may be
 * set to that without a word in the request; only the answer says so. Undefined for a model that costs the same everywhere.
 */
export function priceInUs(model: string, price: Price): Price | undefined {
  if (!model.includes('claude') || ONE_PRICE_EVERYWHERE.test(model)) return undefined
  const more = (rate: bigint) => mulDivCeil(rate, 11n, 10n)
  const dearer = <R extends Rates>(rates: R): R => ({
    ...rates,
    input: more(rates.input),
    cached: more(rates.cached),
    output: more(rates.output),
    ...(rates.written !== undefined && { written: more(rates.written) }),
  })
  return { ...dearer(price), tiers: price.tiers.map(dearer) }
}

/** The bound may be above what the input turns out to be, so every tier up to it can apply. */
function dearestRates(price: Price, inputTokens: number): { readonly input: bigint; readonly output: bigint } {
  const reachable = [price, ...price.tiers.filter((tier) => tier.aboveInputTokens < inputTokens)]
  return {
    input: largest(reachable.flatMap((rates) => [rates.input, rates.cached, rates.written ?? 0n])),
    output: largest(reachable.map((rates) => rates.output)),
  }
}

function ratesFor(price: Price, inputTokens: number): Rates {
  const tiers = price.tiers.filter((tier) => inputTokens > tier.aboveInputTokens)
  return tiers.reduce<Rates & { aboveInputTokens: number }>(
    (highest, tier) => (tier.aboveInputTokens >= highest.aboveInputTokens ? tier : highest),
    { ...price, aboveInputTokens: -1 },
  )
}

function largest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, next) => (next > most ? next : most), 0n)
}
