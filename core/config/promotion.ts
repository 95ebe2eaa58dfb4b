/** `.github/purser/promotion.yml`: when a variant is proposed as the standard. Public, and the same for every squad. */
import { z } from 'zod'
import { percent, times } from './units.ts'

export const promotionSchema = z
  .strictObject({
    window: z.strictObject({ days: z.int().min(1).max(365) }).default({ days: 60 }),
    promote: z
      .strictObject({
        runs: z
          .int()
          .min(1)
          .max(1000)
          .default(10)
          .describe('Settled runs of the variant and of the baseline; also the distance between checkpoints'),
        subjects: z.int().min(1).max(1000).default(5).describe('Distinct pull requests, issues or commits'),
        accepted: percent.default(8000).describe('The least share accepted; and never below the baseline’s'),
        'spend-per-accepted': times.default(1250).describe('The most, as a multiple of the baseline’s'),
        unknown: percent.default(2000).describe('The most, of settled plus unknown'),
        reverted: percent.default(500).describe('The most; and never above twice the baseline’s'),
      })
      .prefault({}),
    sunset: z
      .strictObject({
        runs: z.int().min(1).max(1000).default(10),
        'accepted-below': percent.default(4000),
      })
      .prefault({}),
  })
  .describe('When a variant is proposed as the standard')

export type PromotionFile = z.infer<typeof promotionSchema>
