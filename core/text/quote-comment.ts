/** The answer to `/agent quote`: the price alone; nothing is started or reserved. */

import type { Quote } from '../money/quote.ts'
import type { Assigned } from '../plan/assignment.ts'
import { assignedLine } from './assigned-line.ts'
import { code, paragraphs } from './markdown.ts'
import { type NewStandard, newStandardText } from './new-standard.ts'
import { accountLines, highCostLines, type PayingAccount } from './paying-account.ts'
import { quoteLine, smallerHoldLine } from './quote-line.ts'
import { workflowName } from './workflow-name.ts'

export interface QuoteView {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly assigned?: Assigned | undefined
  readonly quote: Quote
  /** That the command gave inputs or overrides, which it has to give again to be started with them. */
  readonly asGiven?: boolean | undefined
  /** That one squad's floor can't bring the trial to a decision: `floorReachLine`. */
  readonly outOfReach?: string | undefined
  readonly newStandard?: NewStandard | undefined
  /** As they stand now: nothing is taken off for a quote. */
  readonly accounts: readonly PayingAccount[]
}

export function quoteComment(view: QuoteView): string {
  const name = workflowName(view)
  return paragraphs(
    `### ${code(name)}: what it would cost`,
    quoteLine(view.quote),
    smallerHoldLine(view.quote),
    view.newStandard && newStandardText(view.newStandard),
    `**It would be paid by**\n\n${accountLines(view.accounts)}`,
    highCostLines(view.accounts),
    assignedLine(view),
    view.outOfReach === undefined ? undefined : `${view.outOfReach}.`,
    `Nothing is started or reserved. Comment ${view.asGiven ? `the same without ${code('quote')}` : code(`/agent ${name}`)} to start it.`,
  )
}
