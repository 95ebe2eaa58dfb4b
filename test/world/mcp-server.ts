/** A small MCP server made with the official SDK, for tests: served by its standard input and output, or by HTTP. */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const numbers = { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] }
const nothing = { type: 'object' }

const TOOLS = [
  { name: 'add', description: 'Add two numbers', inputSchema: numbers },
  { name: 'long', description: 'Say a lot', inputSchema: nothing },
  { name: 'around', description: 'Say what can be done from here', inputSchema: nothing },
  { name: 'fail', description: 'Fail', inputSchema: nothing },
  { name: 'die', description: 'End the server', inputSchema: nothing },
  {
    name: 'match',
    description: 'Take what takes for ever to match',
    inputSchema: { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } },
  },
  { name: 'secret', description: 'What no agent names', inputSchema: nothing },
  {
    name: 'wordy',
    description: 'Take much',
    inputSchema: { type: 'object', properties: { a: { type: 'string', description: 'x'.repeat(9_000) } } },
  },
]

export function makeServer(): Server {
  const server = new Server({ name: 'sums', version: '1' }, { capabilities: { tools: {} } })
  // In two pages.
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) =>
    params?.cursor === undefined
      ? { tools: TOOLS.slice(0, 2).map(typed), nextCursor: 'more' }
      : { tools: TOOLS.slice(2).map(typed) },
  )
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { a, b } = { a: 0, b: 0, ...params.arguments }
    switch (params.name) {
      case 'add':
        return text(`sum ${Number(a) + Number(b)}`)
      case 'long':
        return text(Array.from({ length: 20_000 }, (_, line) => `line ${line + 1} of many`).join('\n'))
      case 'around':
        return text(JSON.stringify(await around()))
      case 'fail':
        return { ...text('it went wrong'), isError: true }
      case 'match':
        return text(`${String(a).length} characters`)
      case 'die':
        return process.exit(1)
      default:
        return text('nobody should read this')
    }
  })
  return server
}

const typed = (tool: (typeof TOOLS)[number]) => ({
  ...tool,
  inputSchema: { ...tool.inputSchema, type: 'object' as const },
})

const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })

async function around() {
  let writes = true
  try {
    writeFileSync('planted.txt', 'x')
  } catch {
    writes = false
  }
  const { SERVER_MODE, ...environment } = process.env
  const reaches = await new Promise((resolve) => {
    const socket = connect(Number(process.env.SERVER_PORT ?? 1), '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  })
  const secrets = Object.keys(environment).filter((name) => /INPUT|GITHUB|TOKEN|KEY/.test(name))
  return { mode: SERVER_MODE, sees: existsSync('sum.js'), writes, reaches, secrets }
}

/** `asked`: the method of each request, and one header of it. */
export async function serveHttp(path: string, redirect?: string) {
  const asked: { method: string | undefined; team: unknown }[] = []
  const server = createServer(async (request, response) => {
    asked.push({ method: request.method, team: request.headers['x-team'] })
    if (redirect !== undefined) return response.writeHead(307, { location: redirect }).end()
    if (request.url !== path || request.method !== 'POST') return response.writeHead(405).end()
    const transport = new StreamableHTTPServerTransport({})
    await makeServer().connect(transport as Transport)
    await transport.handleRequest(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    asked,
    port,
    url: `http://127.0.0.1:${port}${path}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
