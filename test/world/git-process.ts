import { spawn } from 'node:child_process'

/** Longer than any git command on the small repositories of tests takes. */
const timeoutMs = 60_000

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

function start(cwd: string, args: string[], input: string | Buffer, env: Record<string, string>): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd, env: { ...gitEnv, ...env }, timeout: timeoutMs })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
    )
    // Git may end without reading all of its input; what it says then is on stderr.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
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
