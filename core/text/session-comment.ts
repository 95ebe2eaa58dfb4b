/** The session's one comment on its subject, edited in place from the quote to the outcome. */
import type { OverrideName } from '../command.ts'
import type { Decided } from '../outcome.ts'
import type { Quote } from '../quote.ts'
import type { EndedRun } from './ended-run.ts'
import type { PayingAccount } from './paying-account.ts'

export type SessionState =
  /** Waiting for `/agent go`. */
  | { readonly phase: 'quoted'; readonly confirmOverMicroUsd?: bigint | undefined }
  | { readonly phase: 'started'; readonly actionsUrl?: string | undefined }
  | {
      readonly phase: 'running'
      readonly actionsUrl?: string | undefined
      /** The id of the step that is under way. */
      readonly step?: string | undefined
      readonly spentMicroUsd: bigint
    }
  /** `outcome` is left out or `pending` until the repository has done something with the work. */
  | { readonly phase: 'ended'; readonly run: EndedRun; readonly outcome?: Decided | undefined }

export interface SessionView {
  readonly sessionId: string
  readonly workflow: string
  /** Left out for the baseline. */
  readonly variant?: string | undefined
  readonly quote: Quote
  /** The accounts that pay, the portfolio first. */
  readonly accounts: readonly PayingAccount[]
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
  /** The portfolio's `enforce`. */
  readonly enforce: 'record' | 'quote' | 'cap'
  readonly state: SessionState
}

export function sessionComment(view: SessionView): string {
  throw new Error(`not written yet: ${view.sessionId}`)
}
