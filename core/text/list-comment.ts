/** The answer to `/agent list`: what is on offer here, what it costs, and how to ask for it. */
import type { Quote } from '../money/quote.ts'
import { type AcceptedLately, acceptedLine } from './accepted-line.ts'
import { code, inline, link, paragraphs } from './markdown.ts'
import { type NewStandard, newStandardText } from './new-standard.ts'
import { type HighCost, highCostWords } from './paying-account.ts'
import type { Proposal } from './promotion-decision.ts'
import { quoteLine } from './quote-line.ts'
import { type Unproposed, unproposedWords } from './unproposed.ts'
import { workflowName } from './workflow-name.ts'

export interface ListedInput {
  readonly name: string
  /** `string`, `number`, `true or false`, or the choices. */
  readonly type: string
  readonly description?: string | undefined
  /** As somebody would write it; left out when the input has to be given. */
  readonly default?: string | undefined
}

export interface ListedVariant {
  readonly name: string
  readonly summary: string
  readonly squad?: string | undefined
}

export interface ListedExperiment {
  readonly name: string
  readonly project: string
  /** Path patterns. */
  readonly scope: readonly string[]
  /** The last day that belongs to it: `2026-12-31`. */
  readonly lastDay: string
  readonly over: boolean
}

export interface ListedWorkflow {
  readonly name: string
  readonly summary: string
  /** Left out when no portfolio pays for it. Without an experiment either, it can't be started. */
  readonly portfolio?: string | undefined
  /** The experiment that it belongs to instead. */
  readonly experiment?: ListedExperiment | undefined
  readonly quote: Quote
  /** Of the baseline. */
  readonly accepted?: AcceptedLately | undefined
  readonly newStandard?: NewStandard | undefined
  readonly inputs: readonly ListedInput[]
  readonly variants: readonly ListedVariant[]
}

/** A proposal that waits for a maintainer's decision. */
export interface ListedProposal {
  readonly proposal: Proposal
  readonly workflow: string
  readonly variant: string
  /** Where its issue is, if not here: `acme/.github`. */
  readonly repository?: string | undefined
  readonly issueNumber: number
  readonly issueUrl: string
  /** Whole days since it was proposed. */
  readonly days: number
  readonly overdue: boolean
}

export interface ListView {
  readonly workflows: readonly ListedWorkflow[]
  /** Of the portfolios that pay for them, those that say why dear runs are right. */
  readonly highCost?: readonly HighCost[]
  /** The oldest first; those of the organisation's repository after one's own. */
  readonly proposals?: readonly ListedProposal[]
  readonly unproposed?: readonly Unproposed[]
}

export function listComment(view: ListView): string {
  const offered =
    view.workflows.length === 0 ? ['Nothing is on offer on this kind of subject.'] : view.workflows.map(workflowText)
  return paragraphs(
    '### Workflows',
    ...offered,
    highCostText(view.highCost ?? []),
    proposalsText(view.proposals ?? [], view.unproposed ?? []),
    view.workflows.length === 0 ? undefined : '<sub>`/agent help` shows the other commands.</sub>',
  )
}

const proposed = {
  promote: 'proposed as the standard',
  sunset: 'proposed to leave the catalog',
  rollback: 'proposed to be rolled back',
  adopt: 'proposed as a variant',
  offer: 'offered to the organisation’s catalog',
} as const satisfies Record<Proposal, string>

function highCostText(portfolios: readonly HighCost[]): string | undefined {
  if (portfolios.length === 0) return undefined
  const lines = portfolios.map((portfolio) => `- **${inline(portfolio.name)}**: ${highCostWords(portfolio)}`)
  return `### Where high cost is right\n\n${lines.join('\n')}`
}

function proposalsText(proposals: readonly ListedProposal[], unproposed: readonly Unproposed[]): string | undefined {
  if (proposals.length + unproposed.length === 0) return undefined
  const lines = proposals.map(({ proposal, repository = '', issueNumber, issueUrl, days, overdue, ...named }) => {
    const since = days === 0 ? 'since today' : `for ${days} ${days === 1 ? 'day' : 'days'}`
    return `- ${overdue ? '**Overdue:** ' : ''}${code(workflowName(named))} is ${proposed[proposal]} in ${link(`${repository}#${issueNumber}`, issueUrl)}, ${since}`
  })
  return `### Waiting for a maintainer’s decision\n\n${[...lines, ...unproposed.map((one) => `- **Can’t be proposed:** ${unproposedWords(one)}`)].join('\n')}`
}

function workflowText(workflow: ListedWorkflow): string {
  return paragraphs(
    `**${code(`/agent ${workflow.name}`)}** ${inline(workflow.summary)}`,
    paidText(workflow),
    acceptedLine(workflow.accepted),
    workflow.newStandard && newStandardText(workflow.newStandard),
    [...workflow.inputs.map(inputLine), ...workflow.variants.map((variant) => variantLine(workflow, variant))].join(
      '\n',
    ),
  )
}

function paidText({ portfolio, experiment, quote }: ListedWorkflow): string {
  if (portfolio !== undefined) return `${quoteLine(quote)} Paid by portfolio **${inline(portfolio)}**.`
  if (experiment === undefined) return 'No portfolio pays for it, so it can’t be started here.'
  const name = `experiment **${inline(experiment.name)}**`
  if (experiment.over) return `The ${name} paid for it and ended on ${experiment.lastDay}, so it can’t be started here.`
  return (
    `${quoteLine(quote)} Paid by ${name} (${inline(experiment.project)}) until the end of ${experiment.lastDay}; ` +
    `its work stays within ${experiment.scope.map(code).join(', ')}.`
  )
}

function inputLine(input: ListedInput): string {
  const about = input.description === undefined ? '' : `: ${inline(input.description)}`
  const given = input.default === undefined ? 'has to be given' : `${code(input.default)} when left out`
  return `- input ${code(input.name)} (${inline(input.type)}; ${given})${about}`
}

function variantLine(workflow: ListedWorkflow, variant: ListedVariant): string {
  const squad = variant.squad === undefined ? '' : `, by squad **${inline(variant.squad)}**`
  return `- variant ${code(`${workflow.name}/${variant.name}`)}${squad}: ${inline(variant.summary)}`
}
