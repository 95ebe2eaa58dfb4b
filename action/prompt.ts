/** What an agent is told, from the plan and from what the run has seen so far. */
import { cleanText } from '../core/inert.ts'
import type { Plan, PlanAgent, PlanGuards } from '../core/plan.ts'
import { type Refusal, refuse } from '../core/reason.ts'
import { type PromptValue, renderCommand, renderPrompt } from '../core/template.ts'
import { cutText } from './cut.ts'
import type { Change } from './describe-change.ts'

const NOTES_CHARACTERS_MAX = 6_000
const DIFF_CHARACTERS_MAX = 24_000
const FILES_CHARACTERS_MAX = 8_000
const COMMITS_CHARACTERS_MAX = 6_000
export const STEP_OUTPUT_CHARACTERS_MAX = 6_000

/** The same for every agent, so it names no tool that some have not. */
const RULES =
  'Paths are relative to the workspace. Long output is cut; read pages the rest. A message without tool calls ends your step: its first line becomes the title of your work.'

/** `notes`: the repository's AGENTS.md, as the default branch has it. */
export function systemText(agent: PlanAgent, { scope }: PlanGuards, notes: string | undefined): string {
  const parts = [agent.systemText.trim(), RULES]
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
  /** Step -> what it printed or said. */
  readonly outputs: ReadonlyMap<string, string>
}

/** Everything a prompt may name. Only the inputs were written by the person who started the run. */
export function promptValues(plan: Plan, seen: Seen): ReadonlyMap<string, PromptValue> {
  const foreign = (text: string): PromptValue => ({ text: text === '' ? '(nothing)' : text, trusted: false })
  const { subject } = plan
  return new Map<string, PromptValue>([
    ...Object.entries(plan.inputs).map(([name, value]): [string, PromptValue] => [
      `inputs.${name}`,
      { text: String(value), trusted: true },
    ]),
    ['subject.repository', { text: subject.repository, trusted: true }],
    ['subject.number', { text: String(subject.number ?? ''), trusted: true }],
    ['subject.title', foreign(subject.title ?? '')],
    ['subject.files', foreign(cutText(seen.change.files, FILES_CHARACTERS_MAX))],
    ['subject.diff', foreign(cutText(seen.change.diff, DIFF_CHARACTERS_MAX))],
    ['subject.commits', foreign(cutText(seen.change.commits, COMMITS_CHARACTERS_MAX))],
    ...plan.steps.map(({ id }): [string, PromptValue] => [`steps.${id}.output`, foreign(seen.outputs.get(id) ?? '')]),
  ])
}

/** Finds what no run of this plan could render, before anything is started. */
export function checkTemplates(plan: Plan): Refusal | undefined {
  const values = promptValues(plan, { change: { files: '', diff: '', commits: '' }, outputs: new Map() })
  const commands = [plan.setup?.run, ...(plan.guards.run ?? [])]
  for (const step of plan.steps) {
    if ('agent' in step) {
      const rendered = renderPrompt(step.promptText, values)
      if ('problem' in rendered)
        return refuse('configuration-invalid', `The prompt of step \`${step.id}\`: ${rendered.problem}.`)
      if (!Object.hasOwn(plan.agents, step.agent))
        return refuse(
          'configuration-invalid',
          `Step \`${step.id}\` names the agent \`${step.agent}\`, which the plan lacks.`,
        )
      commands.push(step.until?.run)
    } else {
      commands.push(step.run)
    }
  }
  for (const command of commands.filter((text) => text !== undefined)) {
    const rendered = renderCommand(command, plan.inputs)
    if ('problem' in rendered)
      return refuse('configuration-invalid', `The command \`${command}\`: ${rendered.problem}.`)
  }
  return undefined
}
