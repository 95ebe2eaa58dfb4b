/**
 * `npm run bench -- --peers`: the reference task by codex and Claude Code, as `npm run peers` installs them, started with the
 * flags that Purser starts them with, in turn with the bare loop.
 *
 * Each is asked to do the same by the tool that it has for it, a shell: their own tools have other names. So what they read
 * is what `sed`, `grep` and `ls` print, cut as they cut it. They speak the Responses and the Messages interface, the bare loop
 * chat completions. Not compared: what either does for its user besides, such as asking before it acts.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { agentCommand } from '../action/meter/agent-command.ts'
import type { Price } from '../core/money/price.ts'
import type { AgentRuntime } from '../core/plan/agent-runtime.ts'
import { type ProviderReply, type ProviderRequest, startChargingProvider } from '../test/world/charging-provider.ts'
import type { ModelReply } from '../test/world/model-contract.ts'
import {
  LONG_OUTPUT_TURN,
  type Measured,
  measured,
  median,
  PACKAGE_FILES,
  packageFiles,
  replies,
} from './reference-task.ts'

const PROGRAMS = { codex: 'codex', 'claude-code': 'claude' } as const
const FOLDER = fileURLToPath(new URL('../.purser/peers/node_modules/.bin/', import.meta.url))
const FREE: Price = { input: 0n, cached: 0n, written: 0n, output: 0n, tiers: [], source: 'bench' }
const GOAL = 'Goal: Look at every file of the library\n'

export interface PeerFigures {
  readonly version: string
  readonly requests: number
  readonly firstRequestMs: number
  readonly cpuMs: number
  /** Of the largest of its processes. */
  readonly memoryMb: number
  readonly firstTokens: number
  readonly inputTokens: number
  readonly longOutputTokens: number
}

export function missingPeers(): string[] {
  return Object.values(PROGRAMS).filter((program) => !existsSync(join(FOLDER, program)))
}

/** In turn, so that what else the machine does weighs on both alike. */
export async function measurePeers(
  runs: number,
  say: (text: string) => void,
): Promise<Record<AgentRuntime, PeerFigures>> {
  const from = mkdtempSync(join(tmpdir(), 'purser-peers-'))
  try {
    for (const [path, text] of Object.entries(packageFiles())) {
      mkdirSync(dirname(join(from, path)), { recursive: true })
      writeFileSync(join(from, path), text)
    }
    const done: Record<AgentRuntime, PeerRun[]> = { codex: [], 'claude-code': [] }
    for (let run = 1; run <= runs; run += 1) {
      say(`reference task by peers, run ${run} of ${runs}`)
      for (const runtime of ['codex', 'claude-code'] as const) done[runtime].push(await runPeer(runtime, from))
    }
    return { codex: figuresOf('codex', done.codex), 'claude-code': figuresOf('claude-code', done['claude-code']) }
  } finally {
    rmSync(from, { recursive: true, force: true })
  }
}

function figuresOf(runtime: AgentRuntime, all: readonly PeerRun[]): PeerFigures {
  const [first] = all
  if (first === undefined) throw new Error('no run')
  const tokens = first.requests.map(countTokens)
  return {
    version: spawnSync(join(FOLDER, PROGRAMS[runtime]), ['--version'], { encoding: 'utf8' }).stdout.trim(),
    requests: first.requests.length,
    firstRequestMs: median(all.map(({ firstRequestMs }) => firstRequestMs)),
    cpuMs: median(all.map(({ cpuMs }) => cpuMs)),
    memoryMb: median(all.map(({ memoryMb }) => memoryMb)),
    firstTokens: tokens[0] ?? Number.NaN,
    inputTokens: tokens.reduce((sum, count) => sum + count, 0),
    longOutputTokens: (tokens[LONG_OUTPUT_TURN] ?? Number.NaN) - (tokens[LONG_OUTPUT_TURN - 1] ?? Number.NaN),
  }
}

interface PeerRun extends Measured {
  readonly firstRequestMs: number
  readonly requests: readonly ProviderRequest[]
}

async function runPeer(runtime: AgentRuntime, from: string): Promise<PeerRun> {
  const dir = mkdtempSync(join(tmpdir(), 'purser-peer-'))
  let firstAt = 0
  const provider = await startChargingProvider(FREE, (request) => {
    if (firstAt === 0) firstAt = performance.now()
    return replyTo(runtime, request)
  })
  try {
    const workspace = join(dir, 'work')
    mkdirSync(join(dir, 'home'))
    for (const file of ['lib', ...PACKAGE_FILES]) cpSync(join(from, file), join(workspace, file), { recursive: true })
    const texts = { systemFile: join(dir, 'system'), promptFile: join(dir, 'prompt') }
    writeFileSync(texts.systemFile, 'You mend code.')
    writeFileSync(`${texts.systemFile}.json`, JSON.stringify('You mend code.'))
    writeFileSync(texts.promptFile, GOAL)
    const agent = {
      name: 'fixer',
      tools: ['read' as const, 'edit' as const, 'run' as const],
      model: 'test-model',
      systemText: '',
      runtime,
    }
    const { script, env, door } = agentCommand(agent, join(FOLDER, PROGRAMS[runtime]), '', texts)
    const address = new URL(provider.url).host
    const doors = Object.entries(door.env).map(([name, value]) => [name, value.replace('{address}', address)])
    const environment = { PATH: process.env.PATH ?? '', HOME: join(dir, 'home'), ...env, ...Object.fromEntries(doors) }
    const start = performance.now()
    const took = await measured(['bash', '-c', script], environment, workspace, true)
    return { ...took, firstRequestMs: firstAt - start, requests: provider.requests() }
  } finally {
    await provider.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** By how many tools have answered, so that a request beside the conversation changes nothing. */
function replyTo(runtime: AgentRuntime, { text }: ProviderRequest): ProviderReply {
  const answered = text.split(runtime === 'codex' ? '"type":"function_call_output"' : '"type":"tool_result"').length - 1
  const reply = replies[answered]
  const command = reply && shellOf(reply)
  if (command === undefined) return { text: reply?.text ?? 'Done' }
  return runtime === 'codex'
    ? { call: { name: 'exec_command', input: { cmd: command } } }
    : { call: { name: 'Bash', input: { command } } }
}

function shellOf({ toolCalls }: ModelReply): string | undefined {
  const [call] = toolCalls ?? []
  if (call === undefined) return undefined
  const { path = '.', from = 1, lines = 250, pattern, old, command } = call.arguments as Record<string, string & number>
  switch (call.name) {
    case 'list':
      return `ls ${path}`
    case 'read':
      return `sed -n '${from},${Number(from) + Number(lines) - 1}p' ${path}`
    case 'search':
      return `grep -rnIE -e '${pattern}' -- ${path} | head -n 100`
    case 'edit':
      return `sed -i "s|${old}|${old} // looked at|" ${path}`
    default:
      return String(command)
  }
}

/** What says which part of a request is which is no text that a model reads. */
const NO_TEXT = new Set([
  'type',
  'role',
  'id',
  'call_id',
  'tool_use_id',
  'status',
  'cache_control',
  'encrypted_content',
])

/** In o200k, of what the request says and of its tools as JSON, for either interface. */
function countTokens({ body }: ProviderRequest): number {
  const { instructions, input, system, messages, tools } = body
  const texts = [instructions, input, system, messages].flatMap(textsIn)
  return [...texts, JSON.stringify(tools ?? [])].reduce((sum, text) => sum + encode(text).length, 0)
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (NO_TEXT.has(key) ? [] : textsIn(inner)))
}
