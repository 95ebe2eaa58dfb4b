/** What an agent's `sandbox` says, to go on after its name; nothing where its file says nothing. */
import type { PlanAgent } from '../plan/plan.ts'

export function reachWords(agent: Pick<PlanAgent, 'sandbox'> | undefined): string {
  const { write = true, hosts = [] } = agent?.sandbox ?? {}
  return `${write ? '' : ', reads only'}${hosts.length === 0 ? '' : `, reaches ${hosts.join(', ')}`}`
}
