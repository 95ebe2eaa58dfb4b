/** The answer to `/agent list`: what is on offer here, what it costs, and how to ask for it. */
import type { Quote } from '../quote.ts'
import { code, inline, paragraphs } from './markdown.ts'
import { quoteLine } from './quote-line.ts'

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

export interface ListedWorkflow {
  readonly name: string
  readonly summary: string
  /** Left out when no portfolio pays for it, so that it can't be started. */
  readonly portfolio?: string | undefined
  readonly quote: Quote
  readonly inputs: readonly ListedInput[]
  readonly variants: readonly ListedVariant[]
}

export interface ListView {
  readonly workflows: readonly ListedWorkflow[]
}

export function listComment(view: ListView): string {
  if (view.workflows.length === 0) return '### Workflows\n\nNothing is on offer on this kind of subject.'
  return paragraphs(
    '### Workflows',
    ...view.workflows.map(workflowText),
    '<sub>`/agent help` shows the other commands.</sub>',
  )
}

function workflowText(workflow: ListedWorkflow): string {
  const paid =
    workflow.portfolio === undefined
      ? 'No portfolio pays for it, so it can’t be started here.'
      : `${quoteLine(workflow.quote)} Paid by portfolio **${inline(workflow.portfolio)}**.`
  return paragraphs(
    `**${code(`/agent ${workflow.name}`)}** ${inline(workflow.summary)}`,
    paid,
    [...workflow.inputs.map(inputLine), ...workflow.variants.map((variant) => variantLine(workflow, variant))].join(
      '\n',
    ),
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
