/** `purser run --dry-run`: what each agent would be told and each command would be, with all that is known before, and the price. */
import { dirname } from 'node:path'
import { promptValues, type Seen } from '../../action/agent/prompt.ts'
import { describeChange } from '../../action/workspace/describe-change.ts'
import { openGit } from '../../action/workspace/git.ts'
import { withholdsTests } from '../../core/changes/guard.ts'
import type { When } from '../../core/config/when.ts'
import { formatAtMostUsd } from '../../core/money/money.ts'
import { QUOTE_RUNS_MAX, quoteRun } from '../../core/money/quote.ts'
import type { Plan, PlanAgentStep, PlanStep } from '../../core/plan/plan.ts'
import { inputsIn, partsOf, readFields, type StepResult } from '../../core/plan/results.ts'
import { type InputValues, renderPrompt, showCommand } from '../../core/plan/template.ts'
import { stepsBefore } from '../../core/session/steps-before.ts'
import { nestedWords, openedBy } from '../../core/text/nested-words.ts'
import { quoteLine } from '../../core/text/quote-line.ts'
import { reachWords } from '../../core/text/reach-words.ts'
import { whenWords } from '../../core/text/when-words.ts'
import { planGuardWords } from '../../core/text/work-done.ts'
import { type ExitCode, exitCodes, printJson } from '../exit.ts'
import { referenceLine, referenceRun } from '../replay/reference-run.ts'
import { keptSpends } from './kept-runs.ts'
import type { PlannedRun } from './planned-run.ts'

const LATER = '(known when it runs)'

export async function showDryRun(planned: PlannedRun, json: boolean): Promise<ExitCode> {
  const { plan, root, checkpoint } = planned
  const change = await describeChange(openGit(dirname(planned.objectsDir)), plan)
  const finished = checkpoint === undefined ? [] : stepsBefore(plan, checkpoint, false)
  const known = new Map(finished.map(({ report, output }) => [report.id, output]))
  const keys = [undefined, ...Object.keys(plan.nested ?? {})]
  const parts = keys.flatMap((key) => partsOf(plan, key))
  const results = new Map(parts.map(({ id, fields }) => [id, resultOf(known.get(id), fields)]))
  const steps = plan.steps.filter(({ id }) => !known.has(id))
  const seen = { change, precondition: LATER, results }
  const spends = keptSpends(root, plan.workflow, plan.variant, QUOTE_RUNS_MAX)
  const price = quoteRun(spends, plan.capMicroUsd, plan.capMicroUsd)
  const reference = price.runs === 0 ? referenceRun(planned.configuration, plan) : undefined
  if (json) {
    const prompts = steps.flatMap((step) =>
      'agent' in step ? [{ step: step.id, text: promptText(step, plan, seen) }] : [],
    )
    printJson({ dryRun: true, plan, prompts, quote: price, reference: reference ?? null })
  } else {
    const lines = [
      `${plan.workflow}, paid by ${plan.portfolio}, never more than ${formatAtMostUsd(plan.capMicroUsd)}; nothing is spent now.`,
      quoteLine(price).replaceAll('**', ''),
      ...(reference === undefined ? [] : [referenceLine(reference)]),
      planned.subject,
      ...(plan.setup === undefined ? [] : ['', setupLine(plan.setup, plan.inputs)]),
      ...whenLine(plan.when, plan.inputs),
      ...(plan.approve === undefined ? [] : [`On GitHub its work waits for somebody with ${plan.approve} access.`]),
      ...steps.flatMap((step) => [...openedLines(step, plan, seen), '', ...stepLines(step, plan, seen)]),
      '',
      ...guardsLine(plan),
      `delivers: ${plan.deliver}`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  return exitCodes.done
}

/** The nested workflows that begin with a step: what they ask of the steps before, and then of their own inputs. */
function openedLines(step: PlanStep, plan: Plan, seen: Seen): string[] {
  return openedBy(plan, step).flatMap(([key, nested]) => {
    const { values } = inputsIn(plan, key, seen.results)
    return [
      '',
      `${key}: ${nestedWords(nested)}`,
      ...(nested.setup === undefined ? [] : [setupLine(nested.setup, values)]),
      ...whenLine(nested.when, inputsIn(plan, nested.in, seen.results).values),
      ...whenLine(nested.precondition, values),
    ]
  })
}

function stepLines(step: PlanStep, plan: Plan, seen: Seen): string[] {
  const { values } = inputsIn(plan, step.in, seen.results)
  const when = whenLine(step.when, values)
  if (!('agent' in step)) return [`${step.id}: ${showCommand(step.run, values)}`, ...when]
  const agent = plan.agents[step.agent]
  const until =
    step.until === undefined
      ? []
      : [`until: ${showCommand(step.until.run, values)}, in ${step.until.attempts} attempts at most`]
  const share = step.share === undefined ? '' : ` and ${step.share / 100}% of the cap`
  return [
    `${step.id}: agent ${agent?.name ?? step.agent} on ${agent?.model ?? '?'}, at most ${step.turns} turns${share}${reachWords(agent)}`,
    promptText(step, plan, seen).trimEnd(),
    ...until,
    ...when,
  ]
}

function promptText(step: PlanAgentStep, plan: Plan, seen: Seen): string {
  const prompt = renderPrompt(step.promptText, promptValues(plan, step.in, seen))
  return 'text' in prompt ? prompt.text : step.promptText
}

function resultOf(known: string | undefined, fields: readonly string[]): StepResult {
  const read = known === undefined ? undefined : readFields(known)
  const values = read ?? Object.fromEntries(fields.map((field) => [field, LATER]))
  return { result: 'passed', output: known ?? LATER, fields: values }
}

/** Those of nested workflows too. */
function guardsLine(plan: Plan): string[] {
  const words = [...planGuardWords(plan), ...(withholdsTests(plan) ? ['no tests loosened'] : [])]
  return words.length === 0 ? [] : [`guards: ${words.join('; ')}`]
}

function setupLine({ run }: NonNullable<Plan['setup']>, inputs: InputValues): string {
  return `setup: ${showCommand(run, inputs)}`
}

function whenLine(when: When | undefined, inputs: InputValues): string[] {
  return when === undefined ? [] : [`when: ${whenWords(when, inputs)}`]
}
