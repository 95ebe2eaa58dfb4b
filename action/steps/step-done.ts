/** What carrying out one step came to. */
import type { CheckpointConversation } from '../../core/session/checkpoint.ts'
import { type Ending, ended } from './ending.ts'

export interface StepDone {
  readonly output: string
  readonly counts: { readonly ok: boolean; readonly turns: number; readonly attempts: number }
  readonly ending: Ending | undefined
  /** An agent's, as it stands then. */
  readonly conversation?: CheckpointConversation
}

export function overage(stepId: string): Ending {
  return ended(
    'capped',
    'overage',
    `Step \`${stepId}\`: the provider billed more for a model call than it can cost at the declared price, so no more was sent.`,
  )
}
