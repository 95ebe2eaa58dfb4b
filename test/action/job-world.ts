/** A job as Actions would start it, without an App: a real repository, a checkout of it, the runner as a process. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Started, start } from '../world/start.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What `setup.ts` has made; without it the sources. */
const MAIN = process.env.PURSER_TEST_MAIN ?? join(root, 'action/main.ts')
const POST = process.env.PURSER_TEST_POST ?? join(root, 'action/post.ts')

/** A function with a defect, and a test that fails because of it. The test is a program: `node --test` starts two. */
export const sumProject = {
  'sum.js': 'export function sum(a, b) {\n  return a - b\n}\n',
  'sum.test.js': "import assert from 'node:assert'\nimport { sum } from './sum.js'\n\nassert.equal(sum(2, 3), 5)\n",
  'package.json': '{ "name": "sum", "type": "module", "scripts": { "test": "node sum.test.js" } }\n',
  '.gitignore': 'node_modules/\n',
} as const

const portfolios = `version: 1
values:
  quality: { measure: rework-and-reverts }
models:
  default: test-model
  prices:
    test-model: { input: 1.00, cached: 0.10, output: 4.00 }
portfolios:
  upkeep:
    purpose: Keep the code sound
    value: quality
    workflows: [mend]
    budget: { usd: 10, per: month }
    overrides: { cap: 4x, models: [test-model] }
`

export const mendWorkflow = `name: mend
summary: Mend the code until its tests pass
value: quality
on: [push]
inputs:
  goal: { type: string, default: Make the tests pass }
  test: { type: string, default: node sum.test.js }
steps:
  - { id: before, run: "\${{ inputs.test }}", on-failure: continue }
  - { id: mend, agent: fixer, prompt: mend.md, turns: 8, until: { run: "\${{ inputs.test }}", attempts: 2 } }
guards:
  diff: { files: 3, lines: 40 }
deliver: pull-request
cap: { usd: 0.50 }
`

/** The same where the project's tests are not the point: each of them starts a process of Node. */
export const quickWorkflow = mendWorkflow.replace('default: node sum.test.js', 'default: grep -q + sum.js')

const mendPrompt = 'Goal: ${{ inputs.goal }}\n\nThe tests printed:\n${{ steps.before.output }}\n'

const agent = `---
name: fixer
description: Mends code in small steps
tools: [read, list, search, edit, write, run]
---
You mend code.
`

export interface WorldOptions {
  readonly files?: Readonly<Record<string, string>>
  readonly workflow?: string
  readonly prompt?: string
  /** The agent's file. */
  readonly agent?: string
  readonly portfolios?: (text: string) => string
  /** The entry of a bundle; left out, the tests' own. */
  readonly main?: string
}

export interface JobResult {
  readonly exitCode: number | null
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  readonly summary: string
  readonly report: Report | undefined
  readonly patch: string
}

/** The parts of the report that tests look at; amounts are decimal strings, as on the wire. */
export interface Report {
  readonly conclusion: string
  readonly reason?: string
  readonly message: string
  readonly spentMicroUsd: string
  readonly steps: readonly { id: string; ok: boolean; turns: number; attempts: number; summary: string }[]
  readonly calls: readonly { usage: string; spentMicroUsd: string; reservedMicroUsd: string }[]
  readonly delivery?: {
    readonly title: string
    readonly body: string
    readonly changeset?: { readonly files: readonly { path: string; mode: string; contentBase64?: string }[] }
  }
}

const COMMIT = `git add --all --force &&
  git -c maintenance.auto=false -c user.name=t -c user.email=t@example.org commit -q -m work && git rev-parse HEAD`

export function filesOf(options: WorldOptions): Record<string, string> {
  return {
    ...(options.files ?? sumProject),
    '.github/purser/portfolios.yml': (options.portfolios ?? ((text) => text))(portfolios),
    '.github/purser/catalog/mend/workflow.yml': options.workflow ?? mendWorkflow,
    '.github/purser/catalog/mend/mend.md': options.prompt ?? mendPrompt,
    '.github/purser/catalog/agents/fixer.agent.md': options.agent ?? agent,
  }
}

export class JobWorld {
  readonly dir: string
  readonly workspace: string
  readonly sha: string
  readonly #main: string

  /** `room`: the folder that its own is made in. */
  constructor(options: WorldOptions = {}, room = tmpdir()) {
    this.dir = mkdtempSync(join(room, 'purser-test-'))
    this.workspace = join(this.dir, 'workspace')
    this.#main = options.main ?? MAIN
    mkdirSync(this.workspace, { recursive: true })
    this.sha = this.#commit(filesOf(options), `git init -q --template= -b main && ${COMMIT}`)
  }

  /** Writes and commits on the current branch; answers the commit. */
  commit(files: Readonly<Record<string, string>>): string {
    return this.#commit(files, COMMIT)
  }

  /** By one shell: each process that is started from a test's own costs more than what git does in it. */
  #commit(files: Readonly<Record<string, string>>, script: string): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.workspace, path)), { recursive: true })
      writeFileSync(join(this.workspace, path), text)
    }
    return execFileSync('sh', ['-c', script], { cwd: this.workspace, encoding: 'utf8' }).trim()
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-C', this.workspace, ...args], { encoding: 'utf8' })
  }

  /** The environment that Actions gives, and nothing of this process besides the PATH. */
  environment(
    inputs: Readonly<Record<string, string>>,
    extra: Readonly<Record<string, string>> = {},
  ): Record<string, string> {
    const run = mkdtempSync(join(this.dir, 'run-'))
    const file = (name: string) => {
      writeFileSync(join(run, name), '')
      return join(run, name)
    }
    const temp = join(run, 'temp')
    mkdirSync(temp)
    const event = file('event.json')
    writeFileSync(event, JSON.stringify({ repository: { default_branch: 'main' } }))
    return {
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
      HOME: run,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: this.workspace,
      GITHUB_REPOSITORY: 'acme/sum',
      GITHUB_SHA: this.sha,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_EVENT_NAME: 'push',
      GITHUB_EVENT_PATH: event,
      GITHUB_OUTPUT: file('output'),
      GITHUB_STATE: file('state'),
      GITHUB_ENV: file('env'),
      GITHUB_PATH: file('path'),
      GITHUB_STEP_SUMMARY: file('summary'),
      RUNNER_TEMP: temp,
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...extra,
    }
  }

  async run(
    inputs: Readonly<Record<string, string>>,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<JobResult> {
    return this.start(inputs, extra).ended
  }

  start(
    inputs: Readonly<Record<string, string>>,
    extra: Readonly<Record<string, string>> = {},
  ): Pick<Started, 'pid' | 'kill'> & { ended: Promise<JobResult>; env: Record<string, string> } {
    const env = this.environment(inputs, extra)
    const { job, ended } = startJob(this.#main, env)
    return {
      env,
      get pid() {
        return job.pid
      },
      kill: job.kill,
      ended: ended.then(({ exitCode, log }) => readResult(env, exitCode, log)),
    }
  }

  /** Runs `post` with the state that `main` saved. */
  async post(env: Readonly<Record<string, string>>): Promise<string> {
    const state = readCommandFile(env.GITHUB_STATE ?? '')
    const saved = Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]))
    return (await startJob(POST, { ...env, ...saved }).ended).log
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}

function startJob(file: string, env: Record<string, string>) {
  let log = ''
  const job = start(process.execPath, [file], {
    env,
    onOutput: (_, chunk) => {
      log += chunk
    },
  })
  return { job, ended: job.ended.then(({ code }) => ({ exitCode: code, log })) }
}

function readResult(env: Readonly<Record<string, string>>, exitCode: number | null, log: string): JobResult {
  const outputs = readCommandFile(env.GITHUB_OUTPUT ?? '')
  const path = outputs.report ?? ''
  const patchPath = path === '' ? '' : join(dirname(path), 'work.patch')
  return {
    exitCode,
    log,
    outputs,
    state: readCommandFile(env.GITHUB_STATE ?? ''),
    summary: readFileSync(env.GITHUB_STEP_SUMMARY ?? '', 'utf8'),
    report: path === '' ? undefined : JSON.parse(readFileSync(path, 'utf8')),
    patch: existsSync(patchPath) ? readFileSync(patchPath, 'utf8') : '',
  }
}

/** `name<<delimiter`, the value's lines, the delimiter. */
export function readCommandFile(path: string): Record<string, string> {
  const lines = readFileSync(path, 'utf8').split('\n')
  const values: Record<string, string> = {}
  for (let at = 0; at < lines.length; at += 1) {
    const match = /^([^=<]+)<<(.+)$/.exec(lines[at] ?? '')
    if (!match) continue
    const end = lines.indexOf(match[2] ?? '', at + 1)
    values[match[1] ?? ''] = lines.slice(at + 1, end).join('\n')
    at = end
  }
  return values
}
