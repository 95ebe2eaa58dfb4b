/** The run as a check run of the App, which can be neutral where an exit code can't. */
import { formatAtMostUsd, formatUsd } from '../money/money.ts'
import type { Quote } from '../money/quote.ts'
import type { Conclusion } from '../run/run.ts'
import { costLine, deliveredLine, type EndedRun, ending, isDear, reasonText, stepsTable } from './ended-run.ts'
import { paragraphs } from './markdown.ts'
import { accountLines, highCostLines, type PayingAccount } from './paying-account.ts'
import { quoteLine } from './quote-line.ts'
import { workText } from './work-done.ts'
import { workflowName } from './workflow-name.ts'

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

/** Only a failure blocks a merge that requires the check: a "no" or a kept cap says nothing against the pull request. */
const conclusions = {
  completed: 'success',
  withheld: 'neutral',
  capped: 'neutral',
  refused: 'neutral',
  failed: 'failure',
  cancelled: 'cancelled',
} as const satisfies Record<Conclusion, CheckRunText['conclusion']>

/** The price, before anything is spent. */
export function startedCheck({ quote, accounts }: Pick<CheckRunView, 'quote' | 'accounts'>) {
  return {
    title: `Never more than ${formatAtMostUsd(quote.capMicroUsd)}`,
    summary: paragraphs(`**Price:** ${quoteLine(quote)}`, `**Paid by**\n\n${accountLines(accounts)}`),
  }
}

export function checkRun(view: CheckRunView): CheckRunText {
  const { run, quote } = view
  const how = ending(run)
  return {
    name: `purser: ${workflowName(view)}`,
    conclusion: conclusions[run.conclusion],
    title: `${how.charAt(0).toUpperCase()}${how.slice(1)}: ${formatUsd(run.spentMicroUsd)} of at most ${formatAtMostUsd(quote.capMicroUsd)}`,
    summary: paragraphs(
      `${costLine(run, quote.capMicroUsd)} ${deliveredLine(run.delivered)}`,
      reasonText(run),
      `**Quoted beforehand:** ${quoteLine(quote)}`,
      `**Paid by**\n\n${accountLines(view.accounts)}`,
      isDear(run, quote.capMicroUsd) ? highCostLines(view.accounts) : undefined,
      workText(run.work),
      stepsTable(run),
    ),
  }
}
