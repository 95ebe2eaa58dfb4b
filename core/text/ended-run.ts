/** How a run ended, as the session's comment, the final reply and the check run tell it. */
import type { ReasonCode } from '../reason.ts'
import type { Conclusion } from '../run.ts'

/** What was handed over. `kept`: nothing was delivered, and the work can be looked at there. */
export type Delivered =
  | { readonly kind: 'commit'; readonly sha: string; readonly url: string }
  | { readonly kind: 'pull-request'; readonly number: number; readonly url: string }
  | { readonly kind: 'review'; readonly url: string }
  | { readonly kind: 'comment'; readonly url: string }
  | { readonly kind: 'side-branch'; readonly branch: string; readonly url: string }
  | { readonly kind: 'kept'; readonly url: string }
  | { readonly kind: 'none' }

export interface EndedStep {
  readonly id: string
  readonly kind: 'agent' | 'run'
  readonly ok: boolean
  readonly turns: number
  readonly attempts: number
  readonly spentMicroUsd: bigint
}

export interface EndedRun {
  readonly conclusion: Conclusion
  /** Present unless the run simply completed. */
  readonly reason?: ReasonCode | undefined
  /** One sentence about this very run (which guard, which path), already inert; added to the reason's own words. */
  readonly detail?: string | undefined
  readonly spentMicroUsd: bigint
  readonly delivered: Delivered
  readonly steps: readonly EndedStep[]
  readonly actionsUrl?: string | undefined
}
