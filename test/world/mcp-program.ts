/** The server as a program; `mcp-server.ts` has what it does. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { makeServer } from './mcp-server.ts'

await makeServer().connect(new StdioServerTransport())
