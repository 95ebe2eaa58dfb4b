/** A server at an address whose answers break off. */
import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openMcpServers } from '../../../action/mcp/servers.ts'
import type { ToolPlace } from '../../../action/tools/tool.ts'
import { close, listen } from '../../world/server.ts'

const told = (id: unknown, result: object) => JSON.stringify({ jsonrpc: '2.0', id, result })
const text = (said: string) => ({ content: [{ type: 'text', text: said }] })

/** What the only tool says, whose calls are answered by `answer` with events. */
async function called(answer: (response: ServerResponse, id: unknown) => void, again?: string): Promise<string> {
  let asked: unknown
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      if (request.headers['last-event-id'] === undefined) return void response.writeHead(405).end()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return void response.end(`data: ${told(asked, text(again ?? ''))}\n\n`)
    }
    const { id, method, params } = (await json(request)) as { id?: number; method: string; params: object }
    if (id === undefined) return void response.writeHead(202).end()
    const about = { capabilities: { tools: {} }, serverInfo: { name: 'sums', version: '1' } }
    response.setHeader('content-type', method === 'tools/call' ? 'text/event-stream' : 'application/json')
    if (method === 'initialize') return void response.end(told(id, { ...params, ...about }))
    if (method === 'tools/list')
      return void response.end(told(id, { tools: [{ name: 'add', inputSchema: { type: 'object' } }] }))
    asked = id
    answer(response, id)
  })
  const url = await listen(server)
  onTestFinished(() => close(server))
  const place = { reach: { hosts: [] }, signal: new AbortController().signal } as unknown as ToolPlace
  const opened = await openMcpServers({ sums: { url: `${url}/mcp`, tools: ['add'] } }, place)
  if ('problem' in opened) throw new Error(opened.problem)
  onTestFinished(() => opened.close())
  return (await opened.tools[0]?.call({})) ?? ''
}

test.each<[string, (response: ServerResponse) => void]>([
  ['ends', (response) => response.end(': I work\n\n')],
  ['breaks off', (response) => response.write('data: {"json', () => response.destroy())],
])('an answer that %s without a result is not waited for', { timeout: 10_000 }, async (_, answer) => {
  expect(await called(answer)).toMatch(/^error: .*broke off/)
})

test.each([
  ['', 'id: 1\nretry: 10\ndata:\n\n'],
  [', however it comes', 'i', 'd: 1\nretry: 10\ndata:\n\n'],
])('one that can be taken up again is%s', { timeout: 10_000 }, async (_, ...pieces) => {
  const answer = async (response: ServerResponse) => {
    for (const piece of pieces) {
      response.write(piece)
      await wait(100)
    }
    response.end()
  }
  expect(await called((response) => void answer(response), '5')).toBe('5')
})

test('one with a result is that', async () => {
  expect(await called((response, id) => response.end(`data: ${told(id, text('5'))}\n\n`))).toBe('5')
})
