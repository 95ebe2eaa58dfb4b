/** What the row of an offer keeps: who offers it, and the looks at its pooled evidence. */
import { z } from 'zod'
import type { Checkpoint } from '../../core/promotion/promotion.ts'
import { storedMeasures } from '../ledger/look.ts'

export const offeredSchema = z.object({
  /** The repository's id as decimal text: JSON has no such integers. */
  from: z.string().transform((text) => BigInt(text)),
  /** Those that decide, oldest first. */
  looks: z.array(
    z.object({
      settled: z.int().positive(),
      day: z.string(),
      measures: storedMeasures,
      allHold: z.boolean(),
      sunsetHolds: z.boolean(),
    }),
  ),
})
export type Offered = z.output<typeof offeredSchema>
export type OfferLook = Offered['looks'][number] & Checkpoint

export function storeOffered({ from, looks }: Offered) {
  return {
    from: from.toString(),
    looks: looks.map((look) => ({ ...look, measures: look.measures.map((measure) => ({ ...measure })) })),
  }
}
