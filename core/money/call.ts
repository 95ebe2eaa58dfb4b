/** One model call as a runner's journal and its report tell it. */
import { z } from 'zod/mini'
import { spentMicroUsdWire } from '../wire.ts'

/** The most calls of a run, so that its report, which has them all, stays within what the App takes. */
export const CALLS_MAX = 5_000

/** One model call as evidence. `unknown` usage is billed at what was reserved. */
export const callSchema = z.object({
  id: z.int().check(z.nonnegative()),
  step: z.string(),
  model: z.string(),
  reservedMicroUsd: spentMicroUsdWire,
  spentMicroUsd: spentMicroUsdWire,
  inputTokens: z.int().check(z.nonnegative()),
  cachedTokens: z.int().check(z.nonnegative()),
  /** The part of the input that was written into the provider's cache, where that costs something else. */
  writtenTokens: z.optional(z.int().check(z.nonnegative())),
  outputTokens: z.int().check(z.nonnegative()),
  reasoningTokens: z.int().check(z.nonnegative()),
  /** What was reserved in tokens, input and output together: more than that used is an overage. */
  reservedTokens: z.optional(z.int().check(z.nonnegative())),
  usage: z.enum(['reported', 'unknown']),
})
export type Call = z.infer<typeof callSchema>
