/** A job whose agent has MCP servers: a program in the sandbox and an address, both made with the official SDK. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { reachOf } from '../../action/agent/reach.ts'
import { openMcpServers } from '../../action/mcp/servers.ts'
import { openSandbox } from '../../action/sandbox/sandbox.ts'
import type { ToolPlace } from '../../action/tools/tool.ts'
import { NOT_JSON } from '../../action/tools/tools.ts'
import { recordedMcpServers } from '../../cli/replay/replay-mcp.ts'
import type { McpServer } from '../../core/config/mcp.ts'
import { isRefusal } from '../../core/reason.ts'
import { serveHttp } from '../world/mcp-server.ts'
import { startModel } from '../world/model.ts'
import { conversation } from '../world/model-script.ts'
import { quickWorkflow, sumProject } from './job-world.ts'
import { bubblewrap, sandboxed } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

let program = ''
beforeAll(async () => {
  // Into one file in the repository, since nothing of this checkout need be visible from inside the sandbox.
  const input = fileURLToPath(new URL('../world/mcp-program.ts', import.meta.url))
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' })
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false })
  program = output[0].code
  await bundle.close()
})

const agent = (servers: string) =>
  `---\nname: fixer\ndescription: Mends code\ntools: [read, edit]\nmcp-servers:\n${servers}---\nYou mend code.\n`

type Call = readonly [name: string, written: Record<string, unknown>]

async function run(servers: string, calls: readonly Call[] = []) {
  const edit: Call = ['edit', { path: 'sum.js', old: 'a - b', new: 'a + b' }]
  const [first, ...others] = [...calls, edit].map(([name, written]) => ({
    toolCalls: [{ name, arguments: written }],
  }))
  if (first === undefined) throw new Error('there is an edit at least')
  const scripts = [conversation('Goal:', [first, ...others, { text: 'Added instead of subtracted' }])]
  const model = await startModel({ scripts })
  const world = sharedWorld({
    files: { ...sumProject, 'server.mjs': program },
    workflow: quickWorkflow.replace('turns: 8', 'turns: 20'),
    agent: agent(servers),
  })
  closing.push(() => model.close())
  const inputs = { workflow: 'mend', 'api-key': 'sk-scripted-0123456789', 'base-url': model.url }
  const job = await world.run(inputs, sandboxed)
  const requests = model.calls().map(({ request }) => request)
  const results = (requests.at(-1)?.messages ?? []).flatMap((message) =>
    message.role === 'tool' ? [String(message.content)] : [],
  )
  return { job, requests, results, planted: existsSync(join(world.workspace, 'planted.txt')) }
}

describe('an agent with MCP servers', () => {
  it('uses the tools that its file names, and no other', async () => {
    const http = await serveHttp('/mcp')
    closing.push(http.close)
    const { job, requests, results } = await run(
      `  sums:
    command: [node, server.mjs]
    env: { SERVER_MODE: "it's quiet", SERVER_PORT: "${http.port}" }
    tools: [add, long, around, fail, die]
  far: { url: "${http.url}", headers: { x-team: payments }, tools: [add] }
`,
      [
        ['sums_add', { a: 2, b: 3 }],
        ['far_add', { a: 20, b: 3 }],
        ['sums_add', { a: 'two' }],
        ['sums_secret', {}],
        ['sums_long', {}],
        ['read', { path: 'output:2', from: 19_999 }],
        ['sums_around', {}],
        ['sums_fail', {}],
        ['sums_die', {}],
        ['sums_add', { a: 1, b: 1 }],
      ],
    )
    expect(job.outputs, job.log).toMatchObject({ conclusion: 'completed', reason: '' })
    expect(results[0]).toBe('sum 5')
    expect(results[1]).toBe('sum 23')
    expect(results[2]).toMatch(/^error: .*must have required property 'b'.*must be number/)
    expect(results[3]).toMatch(/^error: there is no tool "sums_secret"/)
    expect(results[4]).toMatch(/^line 1 of many\n[\s\S]*read it with path "output:2"[\s\S]*line 20000 of many$/)
    expect(results[4]?.length).toBeLessThan(3_000)
    expect(results[5]).toBe('line 19999 of many\nline 20000 of many')
    const around = JSON.parse(results[6] ?? '')
    expect(around).toMatchObject({ mode: "it's quiet", sees: true, secrets: [] })
    if (bubblewrap) expect(around).toMatchObject({ writes: false, reaches: false })
    expect(results[7]).toBe('error: it went wrong')
    // It ended at once and for good: that is an answer as well, and the run goes on.
    expect(results[8]).toMatch(/^error: /)
    expect(results[9]).toMatch(/^error: /)
    expect(requests[0]?.tools?.map((tool) => ('function' in tool ? tool.function.name : ''))).toEqual([
      ...['read', 'edit', 'sums_add', 'sums_long', 'sums_around', 'sums_fail', 'sums_die', 'far_add'],
    ])
    expect(new Set(http.asked.map(({ team }) => team))).toEqual(new Set(['payments']))
    // What a server says of its tools is part of what is reserved for the first call.
    const reserved = BigInt(job.report?.calls[0]?.reservedMicroUsd ?? 0)
    expect(reserved).toBeGreaterThan(BigInt(2 * JSON.stringify(requests[0]?.tools).length))
  })

  it('ends the run before any model is called where a server can’t be used', async () => {
    const { job, requests } = await run('  sums: { command: [node, gone.mjs], tools: [add] }\n')
    expect(job.outputs, job.log).toMatchObject({
      conclusion: 'failed',
      reason: 'mcp-server-failed',
      'spend-usd': '0.00',
    })
    expect(job.report?.message).toMatch(/`sums` can’t be used: [\s\S]*gone\.mjs/)
    expect(requests).toEqual([])
  })
})

/** In this process, unconfined. */
async function open(server: McpServer) {
  const dir = mkdtempSync(join(tmpdir(), 'purser-mcp-'))
  closing.push(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'server.mjs'), program)
  const places = { workDir: dir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [] }
  const opened = await openSandbox(places, 'none', { PATH: `${dirname(process.execPath)}:${process.env.PATH}` })
  if (isRefusal(opened)) throw new Error(opened.message)
  const started: ChildProcess[] = []
  const start: typeof opened.start = async (command, env, network) => {
    const child = await opened.start(command, env, network)
    started.push(child)
    return child
  }
  const place = {
    workDir: dir,
    sandbox: { ...opened, start },
    signal: new AbortController().signal,
    reach: reachOf({}),
  }
  return { servers: await openMcpServers({ sums: server }, place), started }
}

describe('a server', () => {
  it.each<[string, McpServer, RegExp]>([
    [
      'lacks a tool',
      { command: ['node', 'server.mjs'], tools: ['times'] },
      /`sums` has no tool times; it has add, long/,
    ],
    ['says too much', { command: ['node', 'server.mjs'], tools: ['wordy'] }, /says what wordy takes in 9\d{3} char/],
    ['prints no messages', { command: ['yes'], tools: ['add'] }, /`sums` can’t be used: .*It printed too much/],
    ['is not there', { url: 'http://127.0.0.1:1/mcp', tools: ['add'] }, /`sums` can’t be used: /],
  ])('is not used that %s, and is ended', async (_, server, message) => {
    const { servers, started } = await open(server)
    expect(servers).toMatchObject({ problem: expect.stringMatching(message) })
    for (const child of started) await ended(child)
  })

  it('is ended with the step', async () => {
    const { servers, started } = await open({ command: ['node', 'server.mjs'], tools: ['add'] })
    if ('problem' in servers) throw new Error(servers.problem)
    expect(await servers.tools[0]?.call({ a: 1, b: 2 })).toBe('sum 3')
    expect(started[0]?.exitCode).toBeNull()
    await servers.close()
    await ended(started[0])
    expect(await servers.tools[0]?.call({ a: 1, b: 2 })).toMatch(/^error: /)
  })

  it('checks itself what its patterns would take for ever to tell', async () => {
    const { servers } = await open({ command: ['node', 'server.mjs'], tools: ['match'] })
    if ('problem' in servers) throw new Error(servers.problem)
    const [match] = servers.tools
    expect(await match?.call({ a: 'b' })).toBe('error: it/a must match pattern "^(a+)+$"')
    expect(await match?.call({ a: `${'a'.repeat(34)}!` })).toBe('35 characters')
    await servers.close()
  })

  it('may not send on to another address', async () => {
    const target = await serveHttp('/mcp')
    const http = await serveHttp('/mcp', target.url)
    closing.push(http.close, target.close)
    const { servers } = await open({ url: http.url, tools: ['add'] })
    expect(servers).toMatchObject({ problem: expect.stringContaining('answered with a redirect (HTTP 307)') })
    expect(target.asked).toEqual([])
  })
})

async function ended(child: ChildProcess | undefined) {
  if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

it('answers in a replay as it was recorded, and is not asked', async () => {
  const kept: string[] = []
  const sandbox = { keepOutput: (text: string) => kept.push(text) }
  const toolResults = [
    { name: 'sums_add', text: NOT_JSON },
    { name: 'sums_add', text: 'sum 5' },
    { name: 'sums_long', text: 'line 1\n[... 9 bytes in all; read it with path "output:4" ...]\nline 9' },
    { name: 'sums_add', text: 'sum 7' },
  ]
  const open = recordedMcpServers({ toolResults })
  const servers = { sums: { command: ['false'], tools: ['add', 'long'] } }
  // Of all the place it looks at this alone.
  const opened = await open(servers, { sandbox } as unknown as ToolPlace)
  if ('problem' in opened) throw new Error(opened.problem)
  const [add, long] = opened.tools
  expect([await add?.call({}), kept.length, await add?.call({})]).toEqual(['sum 5', 0, 'sum 7'])
  expect([await long?.call({}), kept.length]).toEqual([toolResults[2]?.text, 1])
  expect(await add?.call({})).toMatch(/^error: /)
})
