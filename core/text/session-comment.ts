/** The session's one comment on its subject, edited in place from the quote to the outcome. */

import type { OverrideName } from '../command/command.ts'
import { formatUsd } from '../money/money.ts'
import type { Quote } from '../money/quote.ts'
import type { Decided } from '../outcome/outcome.ts'
import type { Assigned } from '../plan/assignment.ts'
import type { InputValues } from '../plan/template.ts'
import { isResumable } from '../session/going-on.ts'
import { type AcceptedLately, acceptedLine } from './accepted-line.ts'
import { assignedLine } from './assigned-line.ts'
import {
  costLine,
  deliveredLine,
  deliveredLink,
  type EndedRun,
  ending,
  isDear,
  reasonText,
  stepsTable,
} from './ended-run.ts'
import { COMMENT_CHARACTERS_MAX, code, details, inline, link, paragraphs } from './markdown.ts'
import { sessionMarker } from './marker.ts'
import { type NewStandard, newStandardText } from './new-standard.ts'
import { accountLines, highCostLines, type PayingAccount } from './paying-account.ts'
import { proposedText, waitingText } from './proposed-work.ts'
import { quoteLine, smallerHoldLine } from './quote-line.ts'
import { goOnText, runsText, type SessionStanding, unheardText } from './session-standing.ts'
import { workText } from './work-done.ts'
import { workflowName } from './workflow-name.ts'

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
      /** What it was told and has not carried out yet. */
      readonly told?: 'stop' | 'rest' | undefined
    }
  /** `outcome` is left out or `pending` until the repository has done something with the work. */
  | { readonly phase: 'ended'; readonly run: EndedRun; readonly outcome?: Decided | undefined }

export interface SessionView {
  readonly sessionId: string
  readonly workflow: string
  /** Left out for the baseline. */
  readonly variant?: string | undefined
  readonly assigned?: Assigned | undefined
  /** That one squad's floor can't bring the trial to a decision: `floorReachLine`. */
  readonly outOfReach?: string | undefined
  /** Left out while it runs. */
  readonly newStandard?: NewStandard | undefined
  readonly quote: Quote
  /** What such runs have come to lately; told before a run and after it. */
  readonly accepted?: AcceptedLately | undefined
  /** The accounts that pay, the portfolio first. */
  readonly accounts: readonly PayingAccount[]
  /** What the workflow was given, defaults included: a person's words. */
  readonly inputs: InputValues
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
  /** The portfolio's `enforce`. */
  readonly enforce: 'record' | 'quote' | 'cap'
  readonly state: SessionState
  readonly standing: SessionStanding
}

export function sessionComment(view: SessionView): string {
  const around = commentAround(view, '')
  const proposed = view.state.phase === 'ended' ? view.state.run.proposed : undefined
  return proposed === undefined
    ? around
    : commentAround(view, proposedText(proposed, COMMENT_CHARACTERS_MAX - around.length))
}

/** `proposed`: the work that waits, which gets what room the rest leaves. */
function commentAround(view: SessionView, proposed: string): string {
  return paragraphs(
    `${sessionMarker(view.sessionId)}\n### ${code(workflowName(view))}: ${headline(view.state)}`,
    ...stateParts(view, proposed),
    assignedLine(view),
    view.state.phase === 'quoted' && view.outOfReach !== undefined ? `${view.outOfReach}.` : undefined,
    view.newStandard && newStandardText(view.newStandard),
    runsText(view.standing),
    `**Paid by**\n\n${accountLines(view.accounts)}`,
    isHighCostDue(view) ? highCostLines(view.accounts) : undefined,
    enforceLine[view.enforce],
    footer(view),
  )
}

function headline(state: SessionState): string {
  switch (state.phase) {
    case 'quoted':
      return 'waiting for a go'
    case 'started':
      return 'started'
    case 'running':
      return 'at work'
    case 'ended':
      return ending(state.run)
  }
}

function stateParts(view: SessionView, proposed: string): readonly (string | undefined)[] {
  const { state, quote } = view
  const lead = state.phase === 'ended' ? 'Quoted beforehand' : 'Price'
  const asked = [inputsText(view.inputs), overridesLine(view)]
  const price = [`**${lead}:** ${quoteLine(quote)}`, smallerHoldLine(quote)]
  switch (state.phase) {
    case 'quoted':
      return [...price, acceptedLine(view.accepted), ...asked, goLine(state.confirmOverMicroUsd)]
    case 'started':
      return [...price, ...asked, 'The job has been asked for and waits its turn; nothing is spent until it begins.']
    case 'running':
      return [progressLine(state), ...price, ...asked]
    case 'ended':
      return [
        `${costLine(state.run, quote.capMicroUsd)} ${deliveredLine(state.run.delivered)}`,
        reasonText(state.run),
        state.run.proposed && waitingText(state.run.proposed),
        isResumable(state.run) ? goOnText(view.standing) : undefined,
        unheardText(view.standing),
        ...asked,
        workText(state.run.work),
        proposed,
        ...price,
        acceptedLine(view.accepted),
        outcomeText(state.run, state.outcome),
        stepsDetails(state.run),
      ]
  }
}

function inputsText(inputs: InputValues): string | undefined {
  const lines = Object.entries(inputs)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `- ${code(name)}: ${inline(String(value))}`)
  return lines.length === 0 ? undefined : `**Asked for**\n\n${lines.join('\n')}`
}

/** Before the money is spent, and afterwards where much of it was. */
function isHighCostDue({ state, quote }: SessionView): boolean {
  switch (state.phase) {
    case 'quoted':
    case 'started':
      return true
    case 'running':
      return false
    case 'ended':
      return isDear(state.run, quote.capMicroUsd)
  }
}

function goLine(confirmOverMicroUsd: bigint | undefined): string {
  const why =
    confirmOverMicroUsd === undefined
      ? 'Nothing is started yet.'
      : `Nothing is started yet: this portfolio asks first above ${formatUsd(confirmOverMicroUsd)}.`
  return `${why} Comment ${code('/agent go')} to start it at this price.`
}

function progressLine(state: Extract<SessionState, { phase: 'running' }>): string {
  const step = state.step === undefined ? '' : ` at step ${code(state.step)}`
  const told = state.told === undefined ? '' : ` It was told to ${state.told} and puts its work away.`
  return `The job is${step === '' ? ' under way' : step}; ${formatUsd(state.spentMicroUsd)} spent so far.${told}`
}

function overridesLine(view: SessionView): string | undefined {
  const changed = Object.entries(view.overrides).map(([name, value]) => `${name} ${code(value)}`)
  return changed.length === 0 ? undefined : `Changed for this run alone: ${changed.join(', ')}.`
}

/** What became of the work, or how to say what one thinks of it. Where nothing was delivered there is nothing to say. */
function outcomeText(run: EndedRun, outcome: Decided | undefined): string | undefined {
  if (outcome && outcome.outcome !== 'pending') return `**Outcome: ${outcome.outcome}** (${inline(outcome.rule)})`
  if (deliveredLink(run.delivered) === undefined) return undefined
  return (
    `**Was it any good?** What the repository does with it will tell; to say it yourself, add the label ${code('agent/accepted')}, ` +
    `${code('agent/reworked')} (good once mended) or ${code('agent/rejected')}.`
  )
}

function stepsDetails(run: EndedRun): string | undefined {
  const steps = stepsTable(run)
  return steps === undefined ? undefined : details('Steps', steps)
}

const enforceLine = {
  record: 'For now this portfolio only keeps the books: no budget refuses anything.',
  quote: 'For now this portfolio shows prices and keeps the books: no budget refuses anything.',
  cap: undefined,
} as const

function footer(view: SessionView): string {
  const { state } = view
  const url = state.phase === 'ended' ? state.run.actionsUrl : state.phase === 'quoted' ? undefined : state.actionsUrl
  const job = url === undefined ? [] : [link('the job', url)]
  return `<sub>${[`Session ${code(view.sessionId)}`, ...job, code('/agent help')].join(' · ')}</sub>`
}
