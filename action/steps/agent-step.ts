/** Carries out an agent step: its conversation, and the command that it works towards. */

import { offeredNames } from '../../core/config/mcp.ts'
import { shareLeftMicroUsd } from '../../core/money/meter.ts'
import { minBigint } from '../../core/money/money.ts'
import type { PlanAgent, PlanAgentStep } from '../../core/plan/plan.ts'
import { type InputsIn, inputsIn } from '../../core/plan/results.ts'
import { commandLine, renderPrompt, showCommand } from '../../core/plan/template.ts'
import type { CheckpointConversation } from '../../core/session/checkpoint.ts'
import { isCheckpointDue, type Passed } from '../../core/session/checkpoint-due.ts'
import type { AgentEnd } from '../agent/agent-task.ts'
import { withEarlier } from '../agent/earlier.ts'
import { mcpServersOf } from '../agent/mcp-servers-of.ts'
import { openConversation } from '../agent/open-conversation.ts'
import { promptValues, type Seen, systemText } from '../agent/prompt.ts'
import { reachOf } from '../agent/reach.ts'
import type { RunParts } from '../run-parts.ts'
import { cutText } from '../tools/cut.ts'
import type { ExtraTool } from '../tools/tool.ts'
import { type Checked, runCommand } from './command.ts'
import { type Ending, ended, paused, stopped } from './ending.ts'
import { overage, type StepDone } from './step-done.ts'
import { stopReason } from './stop.ts'

const QUOTED_CHARACTERS_MAX = 300

/** What outlives the runner. */
export interface Kept {
  /** The step's conversation, where it was under way before. */
  readonly before: CheckpointConversation | undefined
  /** Makes a checkpoint of the step under way. */
  readonly keep: (conversation: CheckpointConversation) => Promise<void>
}

export async function runAgentStep(
  parts: RunParts,
  step: PlanAgentStep,
  seen: Seen,
  notes: string | undefined,
  kept: Kept,
): Promise<StepDone> {
  const { before } = kept
  const agent = parts.plan.agents[step.agent]
  if (!agent) throw new Error(`the plan lacks the agent ${step.agent}`)
  parts.log.line(`Step ${step.id}: agent ${agent.name} on ${agent.model}`)
  const servers = await mcpServersOf(agent, reachOf(agent), parts)
  if ('problem' in servers) {
    const stop = stopReason(parts.signal)
    const ending = stop === undefined ? ended('failed', 'mcp-server-failed', servers.problem) : stopped(stop)
    return { output: '', counts: { ok: false, turns: before?.turns ?? 0, attempts: before?.attempt ?? 1 }, ending }
  }
  try {
    return await converse(parts, step, agent, seen, notes, kept, servers.tools)
  } finally {
    await servers.close()
  }
}

/** `served`: the tools of the agent's MCP servers. */
async function converse(
  parts: RunParts,
  step: PlanAgentStep,
  agent: PlanAgent,
  seen: Seen,
  notes: string | undefined,
  { before, keep }: Kept,
  served: readonly ExtraTool[],
): Promise<StepDone> {
  const price = parts.plan.prices[agent.model]
  if (!price) throw new Error(`the plan lacks the price of ${agent.model}`)
  const inputs = inputsIn(parts.plan, step.in, seen.results)
  const systemTextOf = (one: PlanAgent) => systemText(one, parts.plan.guards, notes)
  const prompt = renderPrompt(step.promptText, promptValues(parts.plan, step.in, seen))
  if ('problem' in prompt) throw new Error(prompt.problem)
  if (prompt.removed > 0) {
    parts.log.warning(
      `${prompt.removed} invisible characters or HTML comments were taken out of the prompt of ${step.id}.`,
    )
  }
  const begin = (attempt: number) => {
    const { name, model, effort, tools } = agent
    const told = {
      agent: name,
      model,
      tools: [
        ...tools,
        ...(agent.skills === undefined ? [] : ['skill']),
        ...(agent.delegates === undefined ? [] : ['delegate']),
        ...offeredNames(agent.mcpServers ?? {}),
      ],
      ...(effort && { effort }),
    }
    parts.record({ kind: 'step-started', step: step.id, does: 'agent', attempt, ...told })
  }
  let attempts = before?.attempt ?? 1
  begin(attempts)
  const now = (): CheckpointConversation => ({ step: step.id, attempt: attempts, ...conversation.state })
  const conversation = await openConversation(
    {
      step: step.id,
      agent,
      price,
      systemText: systemTextOf(agent),
      systemTextOf,
      shareLeftMicroUsd: () => shareLeft(parts, step),
      turnsMax: step.turns,
      output: step.output,
      betweenTurns: () => betweenTurns(),
    },
    parts,
    before,
    served,
  )
  const betweenTurns = whenDue(parts.purse, conversation, () => keep(now()))
  let end = await (before === undefined ? conversation.say(firstText(parts, step, prompt.text)) : conversation.goOn())
  let check = await checkUntil(parts, step, end, inputs)
  while (check !== undefined && !check.ok && end.ended === 'answered' && attempts < (step.until?.attempts ?? 1)) {
    attempts += 1
    begin(attempts)
    end = await conversation.say(
      `\`${untilCommand(step, inputs)}\` did not pass (${check.how}). Its output:\n${check.output}\nMend what is wrong.`,
    )
    check = await checkUntil(parts, step, end, inputs)
  }
  const until = step.until === undefined ? '' : commandLine(step.until.run, inputs.values)
  const ending = agentEnding(step, end, check, attempts, until)
  const counts = { ok: ending === undefined, turns: conversation.turns, attempts }
  return { output: end.text, counts, ending, conversation: now() }
}

/** Calls `keep` where a checkpoint is due. */
function whenDue(
  purse: RunParts['purse'],
  conversation: { readonly turns: number },
  keep: () => Promise<void>,
): () => Promise<void> {
  const soFar = (): Passed => ({ turns: conversation.turns, spentMicroUsd: purse.spentMicroUsd })
  let last = soFar()
  return async () => {
    const at = soFar()
    const passed = { turns: at.turns - last.turns, spentMicroUsd: at.spentMicroUsd - last.spentMicroUsd }
    if (!isCheckpointDue(passed, purse.capMicroUsd)) return
    last = at
    await keep()
  }
}

/** The first agent tells those after it, by what it does and says. */
function firstText({ plan, earlier }: RunParts, step: PlanAgentStep, prompt: string): string {
  const first = plan.steps.find((one) => 'agent' in one)
  return first?.id === step.id ? withEarlier(prompt, earlier) : prompt
}

/** The `until` command, where there is one and the run may still go on. */
async function checkUntil(
  parts: RunParts,
  step: PlanAgentStep,
  end: AgentEnd,
  inputs: InputsIn,
): Promise<Checked | undefined> {
  if (step.until === undefined || !['answered', 'share', 'turns', 'repeating', 'context'].includes(end.ended))
    return undefined
  const purpose = { purpose: 'until', step: step.id } as const
  const checked = await runCommand(parts, purpose, step.until.run, step.until['timeout-minutes'], [], inputs)
  parts.log.foreign(`Step ${step.id}: ${commandLine(step.until.run, inputs.values)}: ${checked.how}`)
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

function untilCommand(step: PlanAgentStep, { values }: InputsIn): string {
  return step.until === undefined ? '' : showCommand(step.until.run, values)
}

/** What the step may still use: of its own share, and of the shares and caps of the nested workflows around it. */
function shareLeft({ plan, purse }: RunParts, step: PlanAgentStep): bigint | undefined {
  const lefts: bigint[] = []
  if (step.share !== undefined) lefts.push(shareLeftMicroUsd(purse.capMicroUsd, step.share, purse.spentIn(step.id)))
  for (let key = step.in; key !== undefined; key = plan.nested?.[key]?.in) {
    const { share = WHOLE, capMicroUsd = 0n } = plan.nested?.[key] ?? {}
    const spent = purse.spentWithin(key)
    lefts.push(shareLeftMicroUsd(purse.capMicroUsd, share, spent), capMicroUsd > spent ? capMicroUsd - spent : 0n)
  }
  return lefts.length === 0 ? undefined : lefts.reduce((least, left) => minBigint(least, left))
}

/** In basis points. */
const WHOLE = 10_000
