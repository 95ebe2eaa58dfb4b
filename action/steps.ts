/** Carries out a plan's steps in order, and says how they ended. */
import type { CheckpointConversation, FinishedStep } from '../core/checkpoint.ts'
import { redactClean } from '../core/inert.ts'
import type { PlanAgentStep, PlanStep } from '../core/plan.ts'
import type { ReasonCode } from '../core/reason.ts'
import type { StepReport } from '../core/report.ts'
import type { Conclusion } from '../core/run.ts'
import { stepsBefore } from '../core/steps-before.ts'
import { renderCommand, renderPrompt, showCommand } from '../core/template.ts'
import type { AgentEnd } from './agent-task.ts'
import { cutOutput, cutText } from './cut.ts'
import { openConversation } from './open-conversation.ts'
import { type CommandResult, FLOODED } from './process.ts'
import { promptValues, type Seen, STEP_OUTPUT_CHARACTERS_MAX, systemText } from './prompt.ts'
import type { RunParts } from './run-parts.ts'
import { stopReason } from './stop.ts'
import { outputPath } from './tools/files.ts'

const SUMMARY_CHARACTERS_MAX = 3_500
const QUOTED_CHARACTERS_MAX = 300
const MINUTE_MS = 60_000

/** How a run ends before its last step, or how it ended. */
export interface Ending {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode | undefined
  readonly message: string
}

export interface StepsDone {
  readonly reports: readonly StepReport[]
  /** What the agents said at the end of their steps, in order. */
  readonly said: readonly string[]
  /** Absent when every step ended in order. */
  readonly ending: Ending | undefined
  /** How far it came, for whoever goes on from here. */
  readonly progress: Progress
}

export interface Progress {
  readonly finished: readonly FinishedStep[]
  /** Of the step that was under way, else of the last agent. */
  readonly conversation: CheckpointConversation | undefined
}

/** `startTree`: the workspace as the first step found it. */
export async function runSteps(
  parts: RunParts,
  seen: Omit<Seen, 'outputs'>,
  notes: string | undefined,
  startTree: string,
): Promise<StepsDone> {
  const { plan, resume } = parts
  const finished = resume === undefined ? [] : stepsBefore(plan, resume.checkpoint, resume.isSpokenTo)
  const outputs = new Map(finished.map(({ report, output }) => [report.id, output]))
  const reports = finished.map(({ report }) => report)
  const said = finished.flatMap(({ report, output }) => (report.kind === 'agent' && output !== '' ? [output] : []))
  let conversation = resume?.checkpoint.conversation
  for (const [index, step] of plan.steps.entries()) {
    if (outputs.has(step.id)) continue
    parts.onStep(step.id)
    const before = conversation?.step === step.id ? conversation : undefined
    const done =
      'agent' in step
        ? await runAgentStep(parts, step, { ...seen, outputs }, notes, before)
        : await runCommandStep(parts, step)
    outputs.set(step.id, done.output)
    if ('agent' in step && done.output !== '') said.push(done.output)
    conversation = done.conversation ?? conversation
    const summary = cutText(redactClean(done.output, parts.redact), SUMMARY_CHARACTERS_MAX)
    const spentMicroUsd = parts.purse.spentIn(step.id)
    const kind = 'agent' in step ? ('agent' as const) : ('run' as const)
    const report = { id: step.id, kind, ...done.counts, spentMicroUsd, summary }
    reports.push(report)
    parts.record({ kind: 'step-ended', report })
    const ending = afterOverage(parts, step, done.ending)
    if (ending !== undefined) return { reports, said, ending, progress: { finished, conversation } }
    finished.push({ report, output: done.output })
    const isLast = index === plan.steps.length - 1
    if (!isLast) await (await parts.checkpoints(startTree)).take({ finished, conversation })
    if (!isLast && parts.meanwhile().rest)
      return { reports, said, ending: paused(), progress: { finished, conversation } }
  }
  return { reports, said, ending: undefined, progress: { finished, conversation } }
}

/** Also where a step was done with the very answer that was billed beyond the bound, so that no later call meets it. */
function afterOverage(parts: RunParts, step: PlanStep, ending: Ending | undefined): Ending | undefined {
  const isOpen = ending === undefined || ending.conclusion === 'capped'
  return isOpen && parts.purse.hasOverage ? overage(step.id) : ending
}

function overage(stepId: string): Ending {
  return ended(
    'capped',
    'overage',
    `Step \`${stepId}\`: the provider billed more for a model call than it can cost at the declared price, so no more was sent.`,
  )
}

interface StepDone {
  readonly output: string
  readonly counts: { readonly ok: boolean; readonly turns: number; readonly attempts: number }
  readonly ending: Ending | undefined
  readonly conversation?: CheckpointConversation
}

async function runCommandStep(parts: RunParts, step: Exclude<PlanStep, PlanAgentStep>): Promise<StepDone> {
  parts.log.foreign(`Step ${step.id}: ${showCommand(step.run, parts.plan.inputs)}`)
  parts.record({ kind: 'step-started', step: step.id, does: 'run', attempt: 1 })
  const purpose = { purpose: 'step', step: step.id } as const
  const result = await runCommand(parts, purpose, step.run, step['timeout-minutes'])
  parts.log.foreign(result.output)
  const counts = { ok: result.ok, turns: 0, attempts: 1 }
  const stop = stopReason(parts.signal)
  if (stop !== undefined) return { output: result.output, counts, ending: stopped(stop) }
  if (result.ok || step['on-failure'] === 'continue') return { output: result.output, counts, ending: undefined }
  const ending = ended('failed', 'step-failed', `Step \`${step.id}\` failed: ${result.how}.`)
  return { output: result.output, counts, ending }
}

async function runAgentStep(
  parts: RunParts,
  step: PlanAgentStep,
  seen: Seen,
  notes: string | undefined,
  before: CheckpointConversation | undefined,
): Promise<StepDone> {
  const agent = parts.plan.agents[step.agent]
  const price = agent && parts.plan.prices[agent.model]
  if (!agent || !price) throw new Error(`the plan lacks the agent ${step.agent} or the price of its model`)
  parts.log.line(`Step ${step.id}: agent ${agent.name} on ${agent.model}`)
  const prompt = renderPrompt(step.promptText, promptValues(parts.plan, seen))
  if ('problem' in prompt) throw new Error(prompt.problem)
  if (prompt.removed > 0) {
    parts.log.warning(
      `${prompt.removed} invisible characters or HTML comments were taken out of the prompt of ${step.id}.`,
    )
  }
  const begin = (attempt: number) => {
    const { name, model, effort, tools } = agent
    const told = { agent: name, model, tools: [...tools], ...(effort && { effort }) }
    parts.record({ kind: 'step-started', step: step.id, does: 'agent', attempt, ...told })
  }
  let attempts = before?.attempt ?? 1
  begin(attempts)
  const conversation = await openConversation(
    {
      step: step.id,
      agent,
      price,
      systemText: systemText(agent, parts.plan.guards, notes),
      shareBasisPoints: step.share,
      turnsMax: step.turns,
      output: step.output,
    },
    parts,
    before,
  )
  let end = await (before === undefined ? conversation.say(prompt.text) : conversation.goOn())
  let check = await checkUntil(parts, step, end)
  while (check !== undefined && !check.ok && end.ended === 'answered' && attempts < (step.until?.attempts ?? 1)) {
    attempts += 1
    begin(attempts)
    end = await conversation.say(
      `\`${untilCommand(parts, step)}\` did not pass (${check.how}). Its output:\n${check.output}\nMend what is wrong.`,
    )
    check = await checkUntil(parts, step, end)
  }
  const ending = agentEnding(step, end, check, attempts, untilCommand(parts, step))
  const counts = { ok: ending === undefined, turns: conversation.turns, attempts }
  return { output: end.text, counts, ending, conversation: { step: step.id, attempt: attempts, ...conversation.state } }
}

/** The `until` command, where there is one and the run may still go on. */
async function checkUntil(parts: RunParts, step: PlanAgentStep, end: AgentEnd): Promise<Checked | undefined> {
  if (step.until === undefined || !['answered', 'share', 'turns', 'repeating', 'context'].includes(end.ended))
    return undefined
  const purpose = { purpose: 'until', step: step.id } as const
  const checked = await runCommand(parts, purpose, step.until.run, step.until['timeout-minutes'])
  parts.log.foreign(`Step ${step.id}: ${untilCommand(parts, step)}: ${checked.how}`)
  if (!checked.ok) parts.log.foreign(checked.output)
  return checked
}

/** A step that used up its share or its turns is still done when the command it works towards passes. */
function agentEnding(
  step: PlanAgentStep,
  end: AgentEnd,
  check: Checked | undefined,
  attempts: number,
  until: string,
): Ending | undefined {
  switch (end.ended) {
    case 'answered':
      if (check === undefined || check.ok) return undefined
      return ended(
        'failed',
        'attempts-exhausted',
        `Step \`${step.id}\`: \`${until}\` still fails after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${check.how}.`,
      )
    case 'share':
      if (check === undefined || check.ok) return undefined
      return ended(
        'capped',
        'cap-reached',
        `Step \`${step.id}\` used up its share of the cap and \`${until}\` does not pass yet.`,
      )
    case 'turns':
    case 'repeating':
      if (check?.ok) return undefined
      return ended(
        'capped',
        'turns-exhausted',
        end.ended === 'turns'
          ? `Step \`${step.id}\` used all its ${step.turns} turns.`
          : `Step \`${step.id}\` made the same call again and again and was stopped.`,
      )
    case 'context':
      if (check?.ok) return undefined
      return ended(
        'capped',
        'context-exhausted',
        `Step \`${step.id}\`: the conversation is longer than the model can read, and leaving earlier turns out did not make it fit.`,
      )
    case 'refused':
      return ended('failed', 'model-refused', `Step \`${step.id}\`: the model would not answer${quoted(end.detail)}.`)
    case 'unfit':
      return ended(
        'failed',
        'output-invalid',
        `Step \`${step.id}\`: the agent’s answer does not satisfy the step’s schema${quoted(end.detail)}.`,
      )
    case 'cap':
      return ended(
        'capped',
        'cap-reached',
        `Step \`${step.id}\` reached the cap: the next useful model call would not have fitted under it.`,
      )
    case 'overage':
      return overage(step.id)
    case 'model-failed':
      return ended(
        'failed',
        'model-failed',
        `Step \`${step.id}\`: ${end.detail ?? 'the provider answered with errors'}.`,
      )
    case 'paused':
      return paused()
    default:
      return stopped(end.ended)
  }
}

/** Foreign words in a sentence of ours. */
function quoted(detail: string | undefined): string {
  if (detail === undefined || detail === '') return ''
  return `: ${cutText(detail, QUOTED_CHARACTERS_MAX)}`
}

function untilCommand(parts: RunParts, step: PlanAgentStep): string {
  return step.until === undefined ? '' : showCommand(step.until.run, parts.plan.inputs)
}

/** How a run ends that was told to stop. */
export function stopped(reason: 'cancelled' | 'time-exhausted' | 'ledger-unreachable'): Ending {
  switch (reason) {
    case 'time-exhausted':
      return ended('capped', 'time-exhausted', 'The run reached its time limit.')
    case 'ledger-unreachable':
      return ended(
        'failed',
        'ledger-unreachable',
        'The App did not answer for longer than the run’s lease, so nothing more was spent; the work so far is kept.',
      )
    case 'cancelled':
      return ended('cancelled', 'cancelled', 'The run was stopped.')
  }
}

function paused(): Ending {
  return ended('cancelled', 'paused', 'The run was told to rest; its work and its conversation are kept.')
}

export function ended(conclusion: Conclusion, reason: ReasonCode | undefined, message: string): Ending {
  return { conclusion, reason, message }
}

export interface Checked {
  readonly ok: boolean
  /** `exit 1`, `stopped after 10 minutes`. */
  readonly how: string
  /** Bounded; says how to see the rest. */
  readonly output: string
  /** `host:port` of what it wanted to reach and may not. */
  readonly refusedHosts: readonly string[]
}

/** Runs a command of the workflow in the sandbox, with the inputs it names in its environment. */
export async function runCommand(
  parts: RunParts,
  purpose: { readonly purpose: 'setup' | 'step' | 'until' | 'guard'; readonly step?: string },
  template: string,
  timeoutMinutes: number,
  network: readonly string[] = [],
): Promise<Checked> {
  const rendered = renderCommand(template, parts.plan.inputs)
  if ('problem' in rendered) throw new Error(rendered.problem)
  const result = await parts.sandbox.run(rendered.script, {
    env: rendered.env,
    timeoutMs: timeoutMinutes * MINUTE_MS,
    network,
    signal: parts.signal,
  })
  const output = cutText(
    cutOutput(result, `read ${outputPath(result.number)} for the rest`),
    STEP_OUTPUT_CHARACTERS_MAX,
  )
  const ok = result.ended === 'exited' && result.exitCode === 0
  const how = describeEnd(result, timeoutMinutes)
  parts.record({ kind: 'command', ...purpose, command: showCommand(template, parts.plan.inputs), ok, how, output })
  return { ok, how, output, refusedHosts: result.refusedHosts }
}

function describeEnd(result: CommandResult, timeoutMinutes: number): string {
  switch (result.ended) {
    case 'exited':
      return result.exitCode === null ? 'ended by a signal' : `exit ${result.exitCode}`
    case 'timed-out':
      return `stopped after ${timeoutMinutes} ${timeoutMinutes === 1 ? 'minute' : 'minutes'}`
    case 'stopped':
      return 'stopped with the run'
    case 'flooded':
      return FLOODED
    case 'not-started':
      return 'could not be started'
  }
}
