/** `.github/purser/promotion.yml`: when a variant is proposed as the standard. Public, and the same for every squad. */
import { z } from 'zod/mini'
import { described } from './described.ts'
import { percent, times } from './units.ts'

/** The longest window that can be declared. */
export const WINDOW_DAYS_MAX = 365

const runs = z._default(z.int().check(z.minimum(1), z.maximum(1000)), 10)

export const promotionSchema = described(
  z.strictObject({
    window: described(
      z._default(z.strictObject({ days: z.int().check(z.minimum(1), z.maximum(WINDOW_DAYS_MAX)) }), { days: 60 }),
      'How far back from a checkpoint runs count',
    ),
    promote: z.prefault(
      z.strictObject({
        runs: described(runs, 'Settled runs of the variant and of the baseline, and the distance between checkpoints'),
        subjects: described(
          z._default(z.int().check(z.minimum(1), z.maximum(1000)), 5),
          'Distinct pull requests, issues or commits',
        ),
        accepted: described(z.prefault(percent, '80%'), 'The least share accepted, and never below the baseline’s'),
        'spend-per-accepted': described(z.prefault(times, '1.25x'), 'The most, as a multiple of the baseline’s'),
        unknown: described(z.prefault(percent, '20%'), 'The most, of settled plus unknown'),
        reverted: described(z.prefault(percent, '5%'), 'The most, and never above twice the baseline’s'),
      }),
      {},
    ),
    sunset: z.prefault(
      z.strictObject({
        runs: described(runs, 'Settled runs of the variant; looked at at the same checkpoints'),
        'accepted-below': described(
          z.prefault(percent, '40%'),
          'A share accepted below this takes the variant out of the catalog',
        ),
      }),
      {},
    ),
    overrides: described(
      z.prefault(
        z.strictObject({
          runs: described(runs, 'Runs of the baseline with the same overrides and an outcome'),
          subjects: described(
            z._default(z.int().check(z.minimum(1), z.maximum(1000)), 5),
            'Distinct pull requests, issues or commits',
          ),
          accepted: described(z.prefault(percent, '80%'), 'The least share accepted'),
        }),
        {},
      ),
      'When overrides that people keep asking for are proposed as a variant',
    ),
    extra: described(
      z.prefault(percent, '25%'),
      'What the squad of a promoted variant gets for one sprint beyond the floor, as a share of the floor',
    ),
  }),
  'When a variant is proposed as the standard',
)

export type PromotionFile = z.infer<typeof promotionSchema>
