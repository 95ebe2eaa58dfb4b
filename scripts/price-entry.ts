/** One model's entry in the kept price list, out of what `@pydantic/genai-prices` says of it. */
import type { ConditionalPrice, ModelInfo, ModelPrice } from '@pydantic/genai-prices'
import { parseUsd } from '../core/money/money.ts'

/** USD per million tokens; a tier's price applies to the whole call once its input passes `start`. */
type Amount = NonNullable<ModelPrice[string]>

/**
 * The prices that may apply from `date` on: those in force that day, and those that are announced for a later one. A
 * price that holds for some hours of the day may apply on any.
 */
export function pricesFrom(prices: ModelInfo['prices'], date: string): readonly ModelPrice[] {
  if (!Array.isArray(prices)) return [prices]
  const inForce = prices
    .map(startOf)
    .filter((start) => start <= date)
    .reduce((latest, start) => (start > latest ? start : latest), '')
  return prices
    .filter((entry) => entry.constraint?.type === 'time_of_date' || startOf(entry) >= inForce)
    .map((entry) => entry.prices)
}

function startOf({ constraint }: ConditionalPrice): string {
  return constraint?.type === 'start_date' ? constraint.start_date : ''
}

/**
 * The dearest rates of them all. Where writing into the provider's cache costs more than reading fresh input, that higher
 * price stands as `input`, unless the provider tells how much was written: then it stands as `written`.
 */
export function priceEntry(prices: readonly ModelPrice[], tellsWritten = false): object {
  const dearest = (tokens: number, of: (listed: ModelPrice) => (Amount | undefined)[]) =>
    microUsd(Math.max(...prices.flatMap(of).map((amount) => at(amount ?? 0, tokens))))
  const ratesAt = (tokens: number) => ({
    input: dearest(tokens, (listed) => [listed.input_mtok, ...(tellsWritten ? [] : [listed.cache_write_mtok])]),
    cached: dearest(tokens, (listed) => [listed.cache_read_mtok ?? listed.input_mtok]),
    ...(tellsWritten && { written: dearest(tokens, (listed) => [listed.cache_write_mtok ?? listed.input_mtok]) }),
    output: dearest(tokens, (listed) => [listed.output_mtok]),
  })
  const amounts = prices.flatMap((listed) =>
    [listed.input_mtok, listed.cache_write_mtok, listed.cache_read_mtok, listed.output_mtok].filter(
      (amount) => amount !== undefined,
    ),
  )
  const starts = amounts.flatMap((amount) => (typeof amount === 'number' ? [] : amount.tiers.map((tier) => tier.start)))
  const tiers = [...new Set(starts)]
    .sort((a, b) => a - b)
    .map((start) => ({ aboveInputTokens: start, ...ratesAt(start + 1) }))
  return tiers.length > 0 ? { ...ratesAt(0), tiers } : ratesAt(0)
}

function at(amount: Amount, tokens: number): number {
  if (typeof amount === 'number') return amount
  return amount.tiers.reduce((price, tier) => (tokens > tier.start ? tier.price : price), amount.base)
}

/** USD per million tokens to micro-USD per million tokens, as decimal text. */
function microUsd(usd: number): string {
  const amount = parseUsd(String(usd))
  if (amount === undefined) throw new Error(`a price of more than six decimal places: ${usd}`)
  return amount.toString()
}
