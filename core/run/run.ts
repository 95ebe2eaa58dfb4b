/** The words for how a run ended and what became of its work, shared by the ledger, the runner and the pages. */
import { z } from 'zod/mini'

/** `withheld`: work was made and a guard refused it. `refused`: it never started. */
export const conclusionSchema = z.enum(['completed', 'withheld', 'capped', 'failed', 'cancelled', 'refused'])
export type Conclusion = z.infer<typeof conclusionSchema>

/** What the repository did with the work later; observed, never self-assessed. */
export const outcomeSchema = z.enum(['accepted', 'reworked', 'rejected', 'pending', 'unknown'])
export type Outcome = z.infer<typeof outcomeSchema>

export const deliveryKindSchema = z.enum(['commit', 'pull-request', 'review', 'comment', 'issue', 'none'])
export type DeliveryKind = z.infer<typeof deliveryKindSchema>

/** Tokens of one model call or of many. `cached` is the part of `input` read from the provider's cache, `written` the part written into it, where that is told; `reasoning` the part of `output`. */
export interface Usage {
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly writtenTokens?: number | undefined
  readonly outputTokens: number
  readonly reasoningTokens: number
}
