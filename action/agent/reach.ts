/** What an agent, its tools and whatever they start may reach: its own file's word, and never more than who asks it has. */
import type { AgentSandbox } from '../../core/config/workflow.ts'
import type { PlanAgent } from '../../core/plan/plan.ts'

export type Reach = Readonly<AgentSandbox>

export function reachOf({ sandbox = { write: true, hosts: [] } }: Pick<PlanAgent, 'sandbox'>): Reach {
  return sandbox
}

/** Of an agent that does a part of another's work. */
export function reachWithin(outer: Reach, agent: Pick<PlanAgent, 'sandbox'>): Reach {
  const own = reachOf(agent)
  return { write: outer.write && own.write, hosts: own.hosts.filter((host) => outer.hosts.includes(host)) }
}
