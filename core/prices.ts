/** The kept price list, `catalog/prices.json`: written by `npm run prices` from a published source, with its day. */
import { z } from 'zod'
import { type Price, priceSchema } from './price.ts'

const keptPricesSchema = z.object({
  source: z.string(),
  date: z.iso.date(),
  models: z.record(z.string(), priceSchema.omit({ source: true })),
})

/** Model -> price; throws on a list that is not of this form, since it ships with Purser. */
export function parseKeptPrices(json: string): ReadonlyMap<string, Price> {
  const kept = z.decode(keptPricesSchema, JSON.parse(json))
  const source = `${kept.source}, ${kept.date}`
  return new Map(Object.entries(kept.models).map(([model, price]) => [model, { ...price, source }]))
}

/** The model of every agent where neither it nor the repository names one. */
export const DEFAULT_MODEL = 'gpt-5-mini'
