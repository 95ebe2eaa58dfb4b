/** What the agents said at the end of their steps, as its readers get it. Loaded when the steps are done. */

import { type Review, readReview, redactReview } from '../../core/changes/review.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Results } from '../../core/plan/results.ts'
import type { Redact } from '../../core/redact.ts'
import { reviewWords } from '../../core/text/review.ts'

export interface AgentWords {
  readonly text: string
  /** Where the answer is a review with findings; the text has all of them. */
  readonly review?: Review | undefined
}

/**
 * In the order of the steps. A structured answer is for later steps, not for readers, unless it is a review; one that came
 * to no good end, as at the cap, may be words after all.
 */
export function saidIn({ steps }: Plan, results: Results, redact: Redact): AgentWords[] {
  return steps.flatMap((step): AgentWords[] => {
    const { output = '', result } = results.get(step.id) ?? {}
    if (!('agent' in step) || output === '' || result === 'skipped') return []
    if (step.output === undefined) return [{ text: output }]
    const read = readReview(output)
    if (read === undefined) return result === 'failed' ? [{ text: output }] : []
    const review = redactReview(read, redact)
    return [{ text: reviewWords(review, review.findings, redact), review }]
  })
}
