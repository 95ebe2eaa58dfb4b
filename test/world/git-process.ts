import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { GitAnswer, GitOrder } from './git-starter.ts'

export type GitResult = { code: number; stdout: Buffer; stderr: string }

/** An environment in which git reads no configuration but the repository's and asks nobody for a password. */
export const gitEnv = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  TZ: 'UTC',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
}

const reading = new Set(['cat-file', 'diff', 'ls-tree', 'merge-base', 'merge-tree', 'rev-list', 'rev-parse', 'show'])
const byFullId = /^(-.*|blob|[0-9a-f]{40}(\^\{\w+\})?(\.\.[0-9a-f]{40})?)$/
const rememberedMax = 5_000
const remembered = new Map<string, GitResult>()

const STARTER = fileURLToPath(new URL('git-starter.ts', import.meta.url))
const waiting = new Map<number, { resolve: (result: GitResult) => void; reject: (error: Error) => void }>()
let starter: ChildProcess | undefined
let lastId = 0

/**
 * Runs git. What it says about objects that are named by their full ids never changes, so it is asked that once;
 * each process takes some milliseconds, and a pull request's JSON asks several.
 */
export async function tryGit(
  cwd: string,
  args: string[],
  input: string | Buffer = '',
  env: Record<string, string> = {},
): Promise<GitResult> {
  const [command = '', ...rest] = args
  if (!reading.has(command) || input.length > 0 || !rest.every((word) => byFullId.test(word))) {
    return start(cwd, args, input, env)
  }
  const key = JSON.stringify([cwd, args])
  const known = remembered.get(key)
  if (known !== undefined) return known
  const result = await start(cwd, args, input, env)
  if (result.code === 0) {
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(key, result)
  }
  return result
}

/**
 * Starts git from a small process: one that holds a database, or all that a test has loaded, takes ten times as long to
 * fork. It ends with this one.
 */
function start(cwd: string, args: string[], input: string | Buffer, env: Record<string, string>): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    lastId += 1
    waiting.set(lastId, { resolve, reject })
    starter ??= startStarter()
    // Only what is asked for keeps this process alive.
    starter.ref()
    starter.channel?.ref()
    starter.send({ id: lastId, cwd, args, input: Buffer.from(input), env: { ...gitEnv, ...env } } satisfies GitOrder)
  })
}

function startStarter(): ChildProcess {
  const child = fork(STARTER, { serialization: 'advanced', execArgv: [] })
  const take = (id: number) => {
    const waiter = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) {
      child.unref()
      child.channel?.unref()
    }
    return waiter
  }
  child.on('message', (answer: GitAnswer) => {
    const waiter = take(answer.id)
    if ('problem' in answer) waiter?.reject(new Error(answer.problem))
    else waiter?.resolve({ code: answer.code, stdout: Buffer.from(answer.stdout), stderr: answer.stderr })
  })
  child.on('exit', (code) => {
    starter = undefined
    for (const id of [...waiting.keys()]) take(id)?.reject(new Error(`the process that starts git ended with ${code}`))
  })
  return child
}

/** Standard output as text; throws with what git said when it fails. */
export async function git(
  cwd: string,
  args: string[],
  input: string | Buffer = '',
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryGit(cwd, args, input, env)
  if (code !== 0)
    throw new Error(`git ${args.join(' ')} ended with ${code}: ${stderr.trim() || stdout.toString().trim()}`)
  return stdout.toString()
}
