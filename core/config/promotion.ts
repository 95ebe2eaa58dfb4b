/** `.github/purser/promotion.yml`: when a variant is proposed as the standard. Public, and the same for every squad. */
import { z } from 'zod'
import { percent, times } from './units.ts'

export const promotionSchema = z
  .strictObject({
    window: z
      .strictObject({ days: z.int().min(1).max(365) })
      .default({ days: 60 })
      .describe('How far back runs count'),
    promote: z
      .strictObject({
        runs: z
          .int()
          .min(1)
          .max(1000)
          .default(10)
          .describe('Settled runs of the variant and of the baseline, and the distance between checkpoints'),
        subjects: z.int().min(1).max(1000).default(5).describe('Distinct pull requests, issues or commits'),
        accepted: percent.prefault('80%').describe('The least share accepted, and never below the baseline’s'),
        'spend-per-accepted': times.prefault('1.25x').describe('The most, as a multiple of the baseline’s'),
        unknown: percent.prefault('20%').describe('The most, of settled plus unknown'),
        reverted: percent.prefault('5%').describe('The most, and never above twice the baseline’s'),
      })
      .prefault({}),
    sunset: z
      .strictObject({
        runs: z
          .int()
          .min(1)
          .max(1000)
          .default(10)
          .describe('Settled runs of the variant, and the distance between checkpoints'),
        'accepted-below': percent
          .prefault('40%')
          .describe('A share accepted below this takes the variant out of the catalog'),
      })
      .prefault({}),
  })
  .describe('When a variant is proposed as the standard')

export type PromotionFile = z.infer<typeof promotionSchema>
