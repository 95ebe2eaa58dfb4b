/** Who carries out an agent's step: the runner's own loop, or a program that takes its place. */
import type { CheckpointConversation } from '../../core/session/checkpoint.ts'
import type { CommandAgent } from '../meter/command-agent.ts'
import type { RunParts, Turn } from '../run-parts.ts'
import type { ExtraTool } from '../tools/tool.ts'
import { Conversation } from './agent.ts'
import type { AgentParts, AgentTask } from './agent-task.ts'
import { reachOf } from './reach.ts'

/** `served`: the tools of the agent's MCP servers. */
export async function openConversation(
  task: AgentTask,
  parts: RunParts,
  before: CheckpointConversation | undefined,
  served: readonly ExtraTool[],
): Promise<Conversation | CommandAgent> {
  const { workDir, sandbox, signal, model, purse, record, meanwhile } = parts
  const onTurn = (turn: Omit<Turn, 'step'>) => parts.onTurn({ step: task.step, ...turn })
  const onRetry = (why: string, pauseMs: number) =>
    parts.log.foreign(`${task.step}: ${why}; tried again in ${pauseMs / 1000} s`)
  const place = { workDir, sandbox, signal, reach: reachOf(task.agent) }
  const agentParts = { model, purse, place, signal, onTurn, onRetry, record, meanwhile }
  if (task.agent.runtime === undefined) {
    const more = [...(await moreTools(task, parts, agentParts)), ...served]
    return new Conversation(task, { ...agentParts, more }, before)
  }
  const { openCommandAgent } = await import('../meter/command-agent.ts')
  return openCommandAgent(task, task.agent.runtime, agentParts, parts.keys, before)
}

/** What only some agents have is loaded by them alone. */
async function moreTools(task: AgentTask, parts: RunParts, agentParts: AgentParts): Promise<ExtraTool[]> {
  const { skills, delegates } = task.agent
  const skill = skills && (await import('./skill-tool.ts')).skillTool(task.agent)
  const delegate = delegates && (await import('./delegate.ts')).delegateTool(task, parts, agentParts, 0)
  return [skill, delegate].filter((tool) => tool !== undefined)
}
