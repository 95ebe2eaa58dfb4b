/**
 * The `delegate` tool: another agent does a part of the work in a conversation of its own, out of the same hold and the
 * same share. Its calls are journaled under the step of the agent that asked. Loaded only by agents that may delegate.
 */
import { z } from 'zod/mini'
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { RunParts } from '../run-parts.ts'
import { cutText } from '../tools/cut.ts'
import type { ExtraTool } from '../tools/tool.ts'
import { Conversation } from './agent.ts'
import type { AgentEnd, AgentParts, AgentTask } from './agent-task.ts'
import { mcpServersOf } from './mcp-servers-of.ts'
import { reachWithin } from './reach.ts'
import { skillTool } from './skill-tool.ts'

/** Of one conversation. */
const DELEGATIONS_MAX = 8
/** An agent, its delegate, and that one's; the last can't delegate. */
const DEPTH_MAX = 2
const TURNS_MAX = 20
const ANSWER_CHARACTERS_MAX = 6_000

/** `depth`: how many conversations lie around this one. `undefined` where the agent may not delegate. */
export function delegateTool(task: AgentTask, run: RunParts, parts: AgentParts, depth: number): ExtraTool | undefined {
  const agents = delegatesOf(task.agent, run)
  const [first, ...others] = agents.keys()
  if (first === undefined || depth >= DEPTH_MAX) return undefined
  const schema = z.strictObject({
    agent: z.enum([first, ...others]),
    task: z.string().check(z.minLength(1), z.maxLength(10_000)),
  })
  const { $schema, ...parameters } = z.toJSONSchema(schema, { io: 'input' })
  let count = 0
  return {
    definition: {
      type: 'function',
      function: { name: 'delegate', description: 'Let another agent do a part; answers what it says', parameters },
    },
    async call(written) {
      const asked = schema.safeParse(written)
      if (!asked.success) return `error: ${z.prettifyError(asked.error)}`
      const agent = agents.get(asked.data.agent)
      if (agent === undefined) return 'error: there is no such agent'
      if (count >= DELEGATIONS_MAX)
        return `error: at most ${DELEGATIONS_MAX} tasks can be delegated; do the rest yourself`
      count += 1
      const name = `${task.conversation ?? task.step}/${agent.name}-${count}`
      return answerOf(await carryOut({ ...task, agent }, name, asked.data.task, run, parts, depth))
    },
  }
}

function delegatesOf({ delegates = [] }: PlanAgent, { plan }: RunParts): Map<string, PlanAgent> {
  return new Map(
    delegates.flatMap((key): [string, PlanAgent][] => {
      const agent = plan.agents[key]
      return agent === undefined ? [] : [[agent.name, agent]]
    }),
  )
}

async function carryOut(
  task: AgentTask,
  conversation: string,
  text: string,
  run: RunParts,
  parts: AgentParts,
  depth: number,
): Promise<AgentEnd | Unserved> {
  const { agent, step } = task
  const price = run.plan.prices[agent.model]
  if (price === undefined) throw new Error(`the plan lacks the price of ${agent.model}`)
  const { model, effort } = agent
  const own: AgentTask = {
    step,
    conversation,
    agent,
    price,
    systemTextOf: task.systemTextOf,
    systemText: task.systemTextOf(agent),
    shareLeftMicroUsd: task.shareLeftMicroUsd,
    turnsMax: TURNS_MAX,
  }
  // What people say meanwhile is for the agent of the step, which is also the one that rests.
  const reach = reachWithin(parts.place.reach, agent)
  const place = { ...parts.place, reach }
  const inner: AgentParts = {
    ...parts,
    place,
    meanwhile: () => ({ rest: false, said: [] }),
    onTurn: (turn) => run.onTurn({ step: conversation, ...turn }),
  }
  const delegate = delegateTool(own, run, inner, depth + 1)
  const servers = await mcpServersOf(agent, reach, run)
  if ('problem' in servers) return { ended: 'mcp-server-failed', text: '', detail: servers.problem }
  const more = [skillTool(agent), delegate, ...servers.tools].filter((tool) => tool !== undefined)
  const tools = [...agent.tools, ...more.map(({ definition }) => definition.function.name)]
  parts.record({
    kind: 'step-started',
    step: conversation,
    does: 'agent',
    attempt: 1,
    agent: agent.name,
    model,
    tools,
    ...(effort && { effort }),
  })
  try {
    return await new Conversation(own, { ...inner, more }).say(text)
  } finally {
    await servers.close()
  }
}

/** A server of its own can't be used, so it says nothing. */
type Unserved = Pick<AgentEnd, 'text' | 'detail'> & { readonly ended: 'mcp-server-failed' }

/** What it says, and how it ended where that was not in order. */
function answerOf({ ended, text, detail }: AgentEnd | Unserved): string {
  const said = cutText(text, ANSWER_CHARACTERS_MAX)
  if (ended === 'answered') return said === '' ? '[it said nothing]' : said
  return `${said}\n[it did not come to its end: ${ended}${detail === undefined ? '' : `, ${detail}`}]`.trim()
}
