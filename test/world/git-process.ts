import { start } from './start.ts'

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

/** Longer than any git command on the small repositories of tests takes. */
const timeoutMs = 60_000

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
    return run(cwd, args, input, env)
  }
  const key = JSON.stringify([cwd, args])
  const known = remembered.get(key)
  if (known !== undefined) return known
  const result = await run(cwd, args, input, env)
  if (result.code === 0) {
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(key, result)
  }
  return result
}

async function run(
  cwd: string,
  args: string[],
  input: string | Buffer,
  env: Record<string, string>,
): Promise<GitResult> {
  const { code, stdout, stderr } = await start('git', args, { cwd, input, env: { ...gitEnv, ...env }, timeoutMs }).ended
  return { code: code ?? 128, stdout, stderr: stderr.toString() }
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
