/** `purser run --dry-run`: what each agent would be told and each command would be, with all that is known before, and the price. */
import { dirname } from 'node:path'
import { describeChange } from '../action/describe-change.ts'
import { openGit } from '../action/git.ts'
import { promptValues } from '../action/prompt.ts'
import { formatUsd } from '../core/money.ts'
import type { Plan, PlanStep } from '../core/plan.ts'
import { QUOTE_RUNS_MAX, quoteRun } from '../core/quote.ts'
import { stepsBefore } from '../core/steps-before.ts'
import { type PromptValue, renderPrompt, showCommand } from '../core/template.ts'
import { quoteLine } from '../core/text/quote-line.ts'
import { type ExitCode, exitCodes, printJson } from './exit.ts'
import { keptSpends } from './kept-runs.ts'
import type { PlannedRun } from './planned-run.ts'
import { referenceLine, referenceRun } from './reference-run.ts'

const LATER = '(known when it runs)'

export async function showDryRun(planned: PlannedRun, json: boolean): Promise<ExitCode> {
  const { plan, root, checkpoint } = planned
  const change = await describeChange(openGit(dirname(planned.objectsDir)), plan.subject)
  const finished = checkpoint === undefined ? [] : stepsBefore(plan, checkpoint, false)
  const known = new Map(finished.map(({ report, output }) => [report.id, output]))
  const outputs = new Map(plan.steps.map(({ id }) => [id, known.get(id) ?? LATER]))
  const steps = plan.steps.filter(({ id }) => !known.has(id))
  const values = promptValues(plan, { change, outputs })
  const spends = keptSpends(root, plan.workflow, plan.variant, QUOTE_RUNS_MAX)
  const price = quoteRun(spends, plan.capMicroUsd, plan.capMicroUsd)
  const reference = price.runs === 0 ? referenceRun(planned.configuration, plan) : undefined
  if (json) {
    const prompts = steps.flatMap((step) =>
      'agent' in step ? [{ step: step.id, text: promptText(step, values) }] : [],
    )
    printJson({ dryRun: true, plan, prompts, quote: price, reference: reference ?? null })
  } else {
    const lines = [
      `${plan.workflow}, paid by ${plan.portfolio}, never more than ${formatUsd(plan.capMicroUsd)}; nothing is spent now.`,
      quoteLine(price).replaceAll('**', ''),
      ...(reference === undefined ? [] : [referenceLine(reference)]),
      planned.subject,
      ...(plan.setup === undefined ? [] : ['', `setup: ${showCommand(plan.setup.run, plan.inputs)}`]),
      ...steps.flatMap((step) => ['', ...stepLines(step, plan, values)]),
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  return exitCodes.done
}

function stepLines(step: PlanStep, plan: Plan, values: ReadonlyMap<string, PromptValue>): string[] {
  if (!('agent' in step)) return [`${step.id}: ${showCommand(step.run, plan.inputs)}`]
  const until = step.until === undefined ? [] : [`until: ${showCommand(step.until.run, plan.inputs)}`]
  return [
    `${step.id}: agent ${step.agent} on ${plan.agents[step.agent]?.model ?? '?'}`,
    promptText(step, values).trimEnd(),
    ...until,
  ]
}

function promptText(step: Extract<PlanStep, { agent: string }>, values: ReadonlyMap<string, PromptValue>): string {
  const prompt = renderPrompt(step.promptText, values)
  return 'text' in prompt ? prompt.text : step.promptText
}
