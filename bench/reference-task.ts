/**
 * A task of 25 requests on a small real package (picomatch): lists, reads, searches, edits, runs, and one command that
 * prints 1.26 MB. A scripted model plays it against the bundle, without an App, and against `bare-loop.mjs`.
 *
 * Processor time is user and system time of the process and of all that it started, as bash's `times` has it. Memory
 * is the highest resident set (`VmHWM`) of the program itself by its last request, without what its commands take. Tokens
 * are those of what the requests say (messages, calls, tools) in o200k, and four for each message, as providers count.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { z } from 'zod'
import { JobWorld } from '../test/action/job-world.ts'
import { startModel } from '../test/world/model.ts'
import type { ModelReply } from '../test/world/model-contract.ts'

const MAIN = fileURLToPath(new URL('../action/dist/main.cjs', import.meta.url))
const BARE = fileURLToPath(new URL('./bare-loop.mjs', import.meta.url))
const PACKAGE = dirname(fileURLToPath(import.meta.resolve('picomatch')))
export const PACKAGE_FILES = ['index.js', 'package.json', 'README.md']
const LONG_OUTPUT_BYTES = 1_260_000

const call = (name: string, args: Record<string, unknown>): ModelReply => ({ toolCalls: [{ name, arguments: args }] })
const read = (path: string, from?: number, lines?: number) =>
  call('read', { path, ...(from && { from }), ...(lines && { lines }) })
const run = (command: string) => call('run', { command })
const search = (pattern: string, path: string) => call('search', { pattern, path })
const rename = (path: string, text: string) => call('edit', { path, old: text, new: `${text} // looked at` })

export const LONG_OUTPUT_TURN = 14
export const replies: readonly ModelReply[] = [
  call('list', {}),
  read('package.json', 1, 30),
  call('list', { path: 'lib' }),
  read('index.js'),
  run('wc -l lib/*.js index.js'),
  search('dotfiles|dotFiles', 'lib'),
  read('lib/picomatch.js', 1, 40),
  read('lib/utils.js', 1, 40),
  search('exports\\.[a-zA-Z]+ =', 'lib/utils.js'),
  rename('lib/utils.js', "'use strict';"),
  run('node -e "console.log(require(\'./lib/utils\').isObject({}))"'),
  read('lib/scan.js', 1, 60),
  search('isGlob', 'lib/scan.js'),
  run(`seq -f 'line %.0f of a build that says too much' 1 99999 | head -c ${LONG_OUTPUT_BYTES}`),
  read('lib/constants.js', 1, 40),
  search('MAX_LENGTH', 'lib'),
  rename('lib/scan.js', "'use strict';"),
  run("node -e \"console.log(require('./index')('*.js')('a.js'))\""),
  read('lib/parse.js', 1, 60),
  search('const push', 'lib/parse.js'),
  rename('lib/parse.js', "'use strict';"),
  run("node -e \"console.log(require('./index').scan('!./foo/*.js').glob)\""),
  read('lib/picomatch.js', 80, 60),
  run("grep -rn 'looked at' lib"),
  { text: 'Look at three files\n\nEach still loads and matches as before.' },
]

const workflow = `name: mend
summary: Look at the package
value: quality
on: [push]
inputs:
  goal: { type: string, default: Look at every file of the library }
steps:
  - { id: mend, agent: fixer, prompt: mend.md, turns: 40 }
deliver: pull-request
cap: { usd: 5 }
`

export interface TaskFigures {
  readonly runs: number
  readonly requests: number
  readonly bundleCpuMs: number
  readonly bareCpuMs: number
  readonly cpuRatio: number
  readonly bundleMemoryMb: number
  readonly bareMemoryMb: number
  readonly memoryRatio: number
  readonly inputTokens: number
  readonly firstTokens: number
  /** What the next request has more after a command that printed 1.26 MB. */
  readonly longOutputTokens: number
}

export async function measureReferenceTask(runs: number, say: (text: string) => void): Promise<TaskFigures> {
  const model = await startModel({
    scripts: [
      ({ messages }) => replies[messages.filter(({ role }) => role === 'assistant').length] ?? { text: 'Done' },
    ],
  })
  const dir = mkdtempSync(join(tmpdir(), 'purser-bench-'))
  const world = new JobWorld({ workflow, prompt: 'Goal: ${{ inputs.goal }}\n', files: packageFiles() })
  const inputs = { workflow: 'mend', 'api-key': 'sk-bench-0123456789', 'base-url': model.url }
  const runBundle = () => measured([process.execPath, MAIN], world.environment(inputs), dir)
  const bodyFile = join(dir, 'first.json')
  const runBare = async () => {
    const workspace = mkdtempSync(join(dir, 'bare-'))
    for (const file of ['lib', ...PACKAGE_FILES])
      cpSync(join(world.workspace, file), join(workspace, file), { recursive: true })
    return measured([process.execPath, BARE, model.url, bodyFile], { PATH: process.env.PATH ?? '' }, workspace)
  }
  try {
    await runBundle()
    const bodies = model.calls().map(({ body }) => body)
    if (bodies.length !== replies.length) throw new Error(`the bundle sent ${bodies.length} requests`)
    writeFileSync(bodyFile, bodies[0] ?? '')
    await runBare()
    const sent = model.calls().length
    if (sent !== 2 * replies.length) throw new Error(`the bare loop sent ${sent - replies.length} requests`)
    const [bundle, bare]: [Measured[], Measured[]] = [[], []]
    for (let number = 1; number <= runs; number += 1) {
      say(`reference task, run ${number} of ${runs}`)
      bare.push(await runBare())
      bundle.push(await runBundle())
    }
    const tokens = bodies.map(countTokens)
    const [bundleCpuMs, bareCpuMs] = [median(bundle.map(({ cpuMs }) => cpuMs)), median(bare.map(({ cpuMs }) => cpuMs))]
    const [bundleMemoryMb, bareMemoryMb] = [
      median(bundle.map(({ memoryMb }) => memoryMb)),
      median(bare.map(({ memoryMb }) => memoryMb)),
    ]
    return {
      runs,
      requests: bodies.length,
      bundleCpuMs,
      bareCpuMs,
      cpuRatio: bundleCpuMs / bareCpuMs,
      bundleMemoryMb,
      bareMemoryMb,
      memoryRatio: bundleMemoryMb / bareMemoryMb,
      firstTokens: tokens[0] ?? Number.NaN,
      inputTokens: tokens.reduce((sum, count) => sum + count, 0),
      longOutputTokens: (tokens[LONG_OUTPUT_TURN] ?? Number.NaN) - (tokens[LONG_OUTPUT_TURN - 1] ?? Number.NaN),
    }
  } finally {
    await model.close()
    world.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

const MESSAGE_TOKENS = 4
const requestSchema = z.object({
  messages: z.array(
    z.object({
      content: z.string().nullish(),
      tool_calls: z.array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) })).optional(),
    }),
  ),
  tools: z.array(z.unknown()),
})

function countTokens(body: string): number {
  const { messages, tools } = requestSchema.parse(JSON.parse(body))
  const said = messages.flatMap(({ content, tool_calls = [] }) => [
    content ?? '',
    ...tool_calls.flatMap((called) => [called.function.name, called.function.arguments]),
  ])
  const texts = [...said, JSON.stringify(tools)]
  return texts.reduce((sum, text) => sum + encode(text).length, messages.length * MESSAGE_TOKENS)
}

export function packageFiles(): Record<string, string> {
  const lib = readdirSync(join(PACKAGE, 'lib')).map((name) => `lib/${name}`)
  return Object.fromEntries([...PACKAGE_FILES, ...lib].map((path) => [path, readFileSync(join(PACKAGE, path), 'utf8')]))
}

export interface Measured {
  readonly cpuMs: number
  readonly memoryMb: number
}

const MEMORY_EVERY_MS = 20

/** Under a bash that says at the end what its children took, and theirs. */
export async function measured(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  isStarter = false,
): Promise<Measured> {
  const script = '"$@" >/dev/null 2>&1; times >&3'
  const child = spawn('bash', ['-c', script, 'bash', ...command], {
    env,
    cwd,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  let memoryKb = 0
  const watch = setInterval(() => {
    memoryKb = Math.max(memoryKb, peakKb(child.pid ?? 0, isStarter))
  }, MEMORY_EVERY_MS)
  let said = ''
  child.stdio[3]?.on('data', (chunk) => {
    said += chunk
  })
  await once(child, 'close')
  clearInterval(watch)
  const [, children = ''] = said.split('\n')
  const cpuMs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1_000,
    0,
  )
  if (cpuMs === 0 || memoryKb === 0) throw new Error('what the process took could not be read')
  return { cpuMs, memoryMb: memoryKb / 1_024 }
}

/** The highest resident set of the program that this bash started or, where that only starts another, of the larger one. */
function peakKb(bash: number, isStarter: boolean): number {
  const [program] = childrenOf(bash)
  if (program === undefined) return 0
  return Math.max(residentKb(program), ...(isStarter ? childrenOf(program).map(residentKb) : []))
}

function childrenOf(pid: number): number[] {
  return readProcess(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .flatMap((id) => (id === '' ? [] : [Number(id)]))
}

function residentKb(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readProcess(`/proc/${pid}/status`))?.[1] ?? 0)
}

/** Empty of one that has ended meanwhile. */
function readProcess(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
