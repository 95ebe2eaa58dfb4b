/** The run as a check run of the App, which can be neutral where an exit code can't. */
import type { Quote } from '../quote.ts'
import type { EndedRun } from './ended-run.ts'
import type { PayingAccount } from './paying-account.ts'

export interface CheckRunView {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly quote: Quote
  readonly accounts: readonly PayingAccount[]
  readonly run: EndedRun
}

export interface CheckRunText {
  /** `purser: refactor+tests/tests-first`. */
  readonly name: string
  readonly conclusion: 'success' | 'neutral' | 'failure' | 'cancelled'
  readonly title: string
  /** Markdown. */
  readonly summary: string
}

export function checkRun(view: CheckRunView): CheckRunText {
  throw new Error(`not written yet: ${view.workflow}`)
}
