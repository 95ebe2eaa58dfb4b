/** What an agent has of MCP servers, if anything: most have nothing, and load nothing. */
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { McpServers } from '../mcp/servers.ts'
import type { RunParts } from '../run-parts.ts'
import type { Reach } from './reach.ts'

const NONE: McpServers = { tools: [], close: async () => {} }

export async function mcpServersOf(
  { mcpServers }: PlanAgent,
  reach: Reach,
  { workDir, sandbox, signal, openMcpServers }: RunParts,
): Promise<McpServers | { readonly problem: string }> {
  if (mcpServers === undefined) return NONE
  const open = openMcpServers ?? (await import('../mcp/servers.ts')).openMcpServers
  return open(mcpServers, { workDir, sandbox, signal, reach })
}
