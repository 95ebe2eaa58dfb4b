/** The kept price list, `catalog/prices.json`: written by `npm run prices` from a published source, with its day. */
import { z } from 'zod/mini'
import { type Price, priceSchema } from './price.ts'

/** Model -> price. */
export type PriceList = Pick<ReadonlyMap<string, Price>, 'get' | 'keys'>

const listSchema = z.object({
  source: z.string(),
  date: z.iso.date(),
  models: z.record(z.string(), z.unknown()),
})
const keptPriceSchema = z.omit(priceSchema, { source: true })

/**
 * Throws on a list that is not of this form, and on a price that is not when it is asked for: one run needs a few of
 * many, and reading them all would take longer than the rest of the configuration.
 */
export function parseKeptPrices(json: string): PriceList {
  const { models, source, date } = listSchema.parse(JSON.parse(json))
  return {
    keys: () => new Map(Object.entries(models)).keys(),
    get: (model) =>
      Object.hasOwn(models, model)
        ? { ...keptPriceSchema.parse(models[model]), source: `${source}, ${date}` }
        : undefined,
  }
}

/** The model of every agent where neither it nor the repository names one. */
export const DEFAULT_MODEL = 'gpt-5-mini'
