/** What a promotion row keeps of the old baseline, so that the new one can be held against it. */
import { z } from 'zod'
import type { Tally } from '../../core/promotion/tally.ts'
import { storedMeasures } from '../ledger/look.ts'

const count = z.int().nonnegative()

const storedTally = z.object({
  settled: count,
  accepted: count,
  reworked: count,
  rejected: count,
  unknown: count,
  reverted: count,
  subjects: count,
  /** Micro-USD as decimal text. */
  spendMicroUsd: z.string().transform((text) => BigInt(text)),
})

export const beforeSchema = z.object({
  /** The variant that the old baseline goes on as. */
  keptAs: z.string(),
  squad: z.string().optional(),
  tally: storedTally,
  /** What the variant had done by then. Absent of promotions that were approved before this was kept. */
  promoted: storedTally.optional(),
  /** The new baseline's checkpoints since the merge, oldest first. */
  watched: z
    .array(z.object({ settled: count, day: z.string(), worse: z.boolean(), measures: storedMeasures }))
    .default([]),
})
export type Before = z.output<typeof beforeSchema>

export function storeBefore({ tally, promoted, ...before }: Before) {
  return {
    ...before,
    tally: storeTally(tally),
    ...(promoted === undefined ? {} : { promoted: storeTally(promoted) }),
    watched: before.watched.map((look) => ({ ...look, measures: look.measures.map((measure) => ({ ...measure })) })),
  }
}

function storeTally({ spendMicroUsd, ...counts }: Tally) {
  return { ...counts, spendMicroUsd: spendMicroUsd.toString() }
}
