/**
 * The MCP servers of one agent, from before its first turn to its last: connected, asked what they offer, and ended. Only the
 * tools that the agent's file names are offered to the model. Loaded only by agents that have some.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js'
import type { McpServer } from '../../core/config/mcp.ts'
import { cutText } from '../tools/cut.ts'
import type { ExtraTool, ToolPlace } from '../tools/tool.ts'
import { mcpTool } from './tool.ts'
import { type McpTransport, openTransport } from './transport.ts'

/** To connect and to say what it offers. */
const START_TIMEOUT_MS = 30_000
/** Of the list of tools, which comes in pages. */
const PAGES_MAX = 10
/** Of all definitions of an agent's servers, as JSON: they go along with every request. */
const DEFINITIONS_CHARACTERS_MAX = 40_000
const PROBLEM_CHARACTERS_MAX = 1_000

export interface McpServers {
  readonly tools: readonly ExtraTool[]
  close(): Promise<void>
}

export type OpenMcpServers = (
  servers: Readonly<Record<string, McpServer>>,
  place: ToolPlace,
) => Promise<McpServers | { readonly problem: string }>

export const openMcpServers: OpenMcpServers = async (servers, place) => {
  const connected: Connection[] = []
  const close = async () => {
    for (const { client } of connected) await client.close().catch(() => {})
  }
  const tools: ExtraTool[] = []
  for (const [name, server] of Object.entries(servers)) {
    const connection = connect(server, place)
    connected.push(connection)
    const opened = await toolsOf(name, server, connection, place)
    if ('problem' in opened) {
      await close()
      return { problem: `The MCP server \`${name}\` ${opened.problem}` }
    }
    tools.push(...opened.tools)
  }
  const characters = JSON.stringify(tools.map(({ definition }) => definition)).length
  if (characters <= DEFINITIONS_CHARACTERS_MAX) return { tools, close }
  await close()
  return {
    problem: `What the MCP servers say of their tools has ${characters} characters, more than ${DEFINITIONS_CHARACTERS_MAX}, and would be sent with every request.`,
  }
}

interface Connection {
  readonly client: Client
  readonly transport: McpTransport
}

function connect(server: McpServer, { sandbox, reach }: ToolPlace): Connection {
  const client = new Client({ name: 'purser', version: '1' })
  // What goes wrong shows in the answer to a request, or in its time-out.
  client.onerror = () => {}
  return { client, transport: openTransport(server, sandbox, reach.hosts) }
}

async function toolsOf(
  name: string,
  server: McpServer,
  { client, transport }: Connection,
  place: ToolPlace,
): Promise<{ readonly tools: readonly ExtraTool[] } | { readonly problem: string }> {
  const deadline = AbortSignal.any([place.signal, AbortSignal.timeout(START_TIMEOUT_MS)])
  let listed: Map<string, ListedTool>
  try {
    await client.connect(transport, { timeout: START_TIMEOUT_MS, signal: deadline })
    listed = await listTools(client, deadline)
  } catch (error) {
    const why = `${error instanceof Error ? error.message : String(error)}. ${transport.complaint ?? ''}`.trim()
    return { problem: `can’t be used: ${cutText(why, PROBLEM_CHARACTERS_MAX)}` }
  }
  const tools: ExtraTool[] = []
  for (const wanted of server.tools) {
    const found = listed.get(wanted)
    if (found === undefined) {
      const offered = cutText([...listed.keys()].join(', ') || 'none', PROBLEM_CHARACTERS_MAX)
      return { problem: `has no tool ${wanted}; it has ${offered}.` }
    }
    const tool = mcpTool(name, found, client, place)
    if ('problem' in tool) return tool
    tools.push(tool)
  }
  return { tools }
}

async function listTools(client: Client, signal: AbortSignal): Promise<Map<string, ListedTool>> {
  const listed = new Map<string, ListedTool>()
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, { timeout: START_TIMEOUT_MS, signal })
    for (const tool of answer.tools) listed.set(tool.name, tool)
    cursor = answer.nextCursor
    if (cursor === undefined) break
  }
  return listed
}
