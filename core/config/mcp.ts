/** `mcp-servers` of an agent: programs and addresses that offer tools by the Model Context Protocol. */
import { z } from 'zod/mini'
import { described } from './described.ts'
import { withExample } from './with-example.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const NOT_URL = 'not an address; expected https://, or http:// on this machine; for example https://mcp.example.org/mcp'

const serverName = withExample(
  z
    .string()
    .check(
      z.regex(
        /^[a-z][a-z0-9-]{0,29}$/,
        'not a server’s name; expected at most 30 lower-case letters, digits and "-"; for example issues',
      ),
    ),
  'issues',
)
const toolName = withExample(z.string().check(z.regex(/^[A-Za-z0-9_./-]{1,64}$/)), 'find_issue')
const tools = described(
  z.array(toolName).check(z.minLength(1), z.maxLength(20)),
  'The tools that the agent may use, by the server’s names; what is not listed is not there',
)
const word = z.string().check(z.maxLength(1000))
const words = z.record(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_-]{0,99}$/)), word)

const commandServer = z.strictObject({
  command: withExample(
    z.array(word.check(z.minLength(1))).check(z.minLength(1), z.maxLength(50)),
    ['node', 'node_modules/.bin/issues-mcp'],
    'The program and its arguments; it runs in the sandbox, without network, and may read the workspace',
  ),
  env: described(z.optional(words), 'Variables for it, as they stand here; no secrets'),
  tools,
})
const addressServer = z.strictObject({
  url: withExample(
    z.string(NOT_URL).check(z.maxLength(2000), z.refine(isAddress, NOT_URL)),
    'https://mcp.example.org/mcp',
    'Where the server is; https, or http on this machine. Nothing else is asked, and no redirect followed',
  ),
  headers: described(z.optional(words), 'Sent with every request, as they stand here; no secrets'),
  tools,
})
export const mcpServerSchema = z.union(
  [commandServer, addressServer],
  'not a server; expected command or url, and tools; for example { url: https://mcp.example.org/mcp, tools: [find_issue] }',
)
export type McpServer = z.infer<typeof mcpServerSchema>

export const MCP_SERVERS_MAX = 5
export const mcpServersSchema = z.record(serverName, mcpServerSchema)

/** Of the names that providers take. */
export const TOOL_NAME_CHARACTERS_MAX = 64

/** What the model calls a tool of a server. */
export function offeredName(server: string, tool: string): string {
  return `${server}_${tool}`.replaceAll(/[^A-Za-z0-9_-]/g, '_')
}

/** In the order of the agent's file. */
export function offeredNames(servers: Readonly<Record<string, McpServer>>): string[] {
  return Object.entries(servers).flatMap(([server, { tools: named }]) => named.map((tool) => offeredName(server, tool)))
}

function isAddress(written: string): boolean {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname))
}
