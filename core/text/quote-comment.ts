/** The answer to `/agent quote`: the price alone; nothing is started or reserved. */
import type { Quote } from '../quote.ts'
import type { PayingAccount } from './paying-account.ts'

export interface QuoteView {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly quote: Quote
  /** As they stand now: nothing is taken off for a quote. */
  readonly accounts: readonly PayingAccount[]
}

export function quoteComment(view: QuoteView): string {
  throw new Error(`not written yet: ${view.workflow}`)
}
