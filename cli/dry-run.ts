/** `purser run --dry-run`: what each agent would be told and each command would be, with all that is known before. */
import { describeChange } from '../action/describe-change.ts'
import { openGit } from '../action/git.ts'
import { promptValues } from '../action/prompt.ts'
import { formatUsd } from '../core/money.ts'
import type { Plan, PlanStep } from '../core/plan.ts'
import { type PromptValue, renderPrompt, showCommand } from '../core/template.ts'

const LATER = '(known when it runs)'

/** `gitDir`: of the repository that has the plan's commits. */
export async function dryRunLines(plan: Plan, gitDir: string, subject: string): Promise<string[]> {
  const change = await describeChange(openGit(gitDir), plan.subject)
  const outputs = new Map(plan.steps.map(({ id }) => [id, LATER]))
  const values = promptValues(plan, { change, outputs })
  return [
    `${plan.workflow}, paid by ${plan.portfolio}, never more than ${formatUsd(plan.capMicroUsd)}; nothing is spent now.`,
    subject,
    ...(plan.setup === undefined ? [] : ['', `setup: ${showCommand(plan.setup.run, plan.inputs)}`]),
    ...plan.steps.flatMap((step) => ['', ...stepLines(step, plan, values)]),
  ]
}

function stepLines(step: PlanStep, plan: Plan, values: ReadonlyMap<string, PromptValue>): string[] {
  if (!('agent' in step)) return [`${step.id}: ${showCommand(step.run, plan.inputs)}`]
  const prompt = renderPrompt(step.promptText, values)
  const until = step.until === undefined ? [] : [`until: ${showCommand(step.until.run, plan.inputs)}`]
  return [
    `${step.id}: agent ${step.agent} on ${plan.agents[step.agent]?.model ?? '?'}`,
    'text' in prompt ? prompt.text.trimEnd() : step.promptText,
    ...until,
  ]
}
