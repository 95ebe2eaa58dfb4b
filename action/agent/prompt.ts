/** What an agent is told, from the plan and from what the run has seen so far. */
import { cleanText } from '../../core/inert.ts'
import type { Plan, PlanAgent, PlanGuards } from '../../core/plan/plan.ts'
import { fieldText, idWithin, inputsIn, partsOf, type Results } from '../../core/plan/results.ts'
import { type PromptValue, renderCommand, renderPrompt } from '../../core/plan/template.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { cutText } from '../tools/cut.ts'
import type { Change } from '../workspace/describe-change.ts'

const NOTES_CHARACTERS_MAX = 6_000
const DIFF_CHARACTERS_MAX = 24_000
const FILES_CHARACTERS_MAX = 8_000
const COMMITS_CHARACTERS_MAX = 6_000
export const STEP_OUTPUT_CHARACTERS_MAX = 6_000

/** The same for every agent, so it names no tool that some have not. */
const RULES =
  'Paths are relative to the workspace. Long output is cut; read pages the rest. A message without tool calls ends your step: its first line becomes the title of your work.'

/** `notes`: the repository's AGENTS.md, of a pull request's base. */
export function systemText(agent: PlanAgent, { scope }: PlanGuards, notes: string | undefined): string {
  const parts = [agent.systemText.trim(), RULES]
  if (agent.skills !== undefined && agent.skills.length > 0) {
    const listed = agent.skills.map(({ name, description }) => `- ${name}: ${description}`)
    parts.push(`Skills, to be read by the tool skill before you do what one is about:\n${listed.join('\n')}`)
  }
  const { sandbox } = agent
  if (sandbox !== undefined && (agent.tools.includes('run') || agent.runtime !== undefined)) {
    if (!sandbox.write) parts.push('The workspace is read-only, for your commands as well; they may write to /tmp.')
    if (sandbox.hosts.length > 0)
      parts.push(`Your commands can reach ${sandbox.hosts.join(', ')} by HTTP(S) and nothing else.`)
  }
  // A workflow's author can speak of its guards in its prompts; of an experiment's scope nobody else does.
  if (scope !== undefined) {
    parts.push(`Change only files that match ${scope.paths.join(', ')}: work that touches another is not delivered.`)
  }
  if (notes !== undefined && notes.trim() !== '') {
    parts.push(
      `How this repository wants to be worked on (its AGENTS.md):\n${cutText(cleanText(notes).text.trim(), NOTES_CHARACTERS_MAX)}`,
    )
  }
  return parts.join('\n\n')
}

export interface Seen {
  /** What the subject changes; empty texts where nothing is known. */
  readonly change: Change
  /** What the command of the run's `when` printed. */
  readonly precondition?: string | undefined
  readonly results: Results
}

/**
 * Everything a prompt may name. Only inputs were written by the person who started the run, and of a nested workflow's
 * not even all. `key`: the nested workflow that the prompt is of.
 */
export function promptValues(plan: Plan, key: string | undefined, seen: Seen): ReadonlyMap<string, PromptValue> {
  const foreign = (text: string): PromptValue => ({ text: text === '' ? '(nothing)' : text, trusted: false })
  const { subject } = plan
  const inputs = inputsIn(plan, key, seen.results)
  return new Map<string, PromptValue>([
    ...Object.entries(inputs.values).map(([name, value]): [string, PromptValue] => [
      `inputs.${name}`,
      inputs.foreign.has(name) ? foreign(String(value)) : { text: String(value), trusted: true },
    ]),
    ['subject.repository', { text: subject.repository, trusted: true }],
    ['subject.number', { text: String(subject.number ?? ''), trusted: true }],
    ['subject.title', foreign(subject.title ?? '')],
    ['subject.text', foreign(subject.text ?? '')],
    ['subject.log', foreign(subject.log ?? '')],
    ['subject.files', foreign(cutText(seen.change.files, FILES_CHARACTERS_MAX))],
    ['subject.diff', foreign(cutText(seen.change.diff, DIFF_CHARACTERS_MAX))],
    ['subject.commits', foreign(cutText(seen.change.commits, COMMITS_CHARACTERS_MAX))],
    ['when.output', foreign(seen.precondition ?? '')],
    ...partsOf(plan, key).flatMap(({ id, fields }): [string, PromptValue][] => {
      const result = seen.results.get(id)
      const name = `steps.${idWithin(id)}.output`
      return [
        [name, foreign(result?.output ?? '')],
        ...fields.map((field): [string, PromptValue] => [
          `${name}.${field}`,
          foreign(fieldText(result?.fields?.[field])),
        ]),
      ]
    }),
  ])
}

/** Finds what no run of this plan could render, before anything is started. */
export function checkTemplates(plan: Plan): Refusal | undefined {
  const seen: Seen = { change: { files: '', diff: '', commits: '' }, results: new Map() }
  for (const step of plan.steps) {
    if (!('agent' in step)) continue
    const rendered = renderPrompt(step.promptText, promptValues(plan, step.in, seen))
    if ('problem' in rendered)
      return refuse('configuration-invalid', `The prompt of step \`${step.id}\`: ${rendered.problem}.`)
    if (!Object.hasOwn(plan.agents, step.agent))
      return refuse(
        'configuration-invalid',
        `Step \`${step.id}\` names the agent \`${step.agent}\`, which the plan lacks.`,
      )
  }
  for (const [command, key] of commandsOf(plan)) {
    const inputs = inputsIn(plan, key, seen.results)
    const rendered = renderCommand(command, inputs.values, inputs.foreign)
    if ('problem' in rendered)
      return refuse('configuration-invalid', `The command \`${command}\`: ${rendered.problem}.`)
  }
  return undefined
}

/** Every command of a plan, with the nested workflow that it is of. */
function commandsOf(plan: Plan): [command: string, key: string | undefined][] {
  const nested = Object.entries(plan.nested ?? {})
  const all: [string | undefined, string | undefined][] = [
    [plan.when?.run, undefined],
    [plan.setup?.run, undefined],
    ...(plan.guards.run ?? []).map((run): [string, undefined] => [run, undefined]),
    ...nested.flatMap(([key, { in: outer, when, precondition, setup, guards }]): typeof all => [
      [when?.run, outer],
      [precondition?.run, key],
      [setup?.run, key],
      ...(guards.run ?? []).map((run): [string, string] => [run, key]),
    ]),
    ...plan.steps.flatMap((step): typeof all => [
      [step.when?.run, step.in],
      ['agent' in step ? step.until?.run : step.run, step.in],
    ]),
  ]
  return all.flatMap(([command, key]): [string, string | undefined][] =>
    command === undefined ? [] : [[command, key]],
  )
}
