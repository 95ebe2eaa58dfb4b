/**
 * Git with everything that could run a program or read a stranger's settings switched off: no system or user
 * configuration, no hooks, no fsmonitor, no filters, no prompts. The git directory lies outside of the work tree.
 */
import { execFile, spawn } from 'node:child_process'

export const GIT_OUTPUT_BYTES_MAX = 64_000_000
const GIT_TIMEOUT_MS = 300_000

export interface Git {
  /** Resolves to standard output; rejects with what git said on standard error. */
  text(args: readonly string[], options?: GitOptions): Promise<string>
  bytes(args: readonly string[], options?: GitOptions): Promise<Buffer>
  readonly gitDir: string
}

interface GitOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly signal?: AbortSignal | undefined
}

export class GitError extends Error {}

/** `workTree` is absent for reading objects of a repository that somebody else checked out. */
export function openGit(gitDir: string, workTree?: string): Git {
  const place = [`--git-dir=${gitDir}`, ...(workTree === undefined ? [] : [`--work-tree=${workTree}`])]
  const bytes = (args: readonly string[], options: GitOptions = {}) =>
    runGit([...place, ...NEUTRAL, ...args], workTree ?? gitDir, options)
  return { gitDir, bytes, text: async (args, options) => (await bytes(args, options)).toString('utf8') }
}

const NEUTRAL = [
  ...['-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'core.fsmonitor=false'],
  ...['-c', 'core.attributesFile=/dev/null'],
  ...['-c', 'core.excludesFile=/dev/null'],
  ...['-c', 'core.autocrlf=false'],
  ...['-c', 'core.quotePath=false'],
  ...['-c', 'diff.ignoreSubmodules=all'],
  ...['-c', 'submodule.recurse=false'],
  ...['-c', 'credential.helper='],
  ...['-c', 'protocol.ext.allow=never'],
  ...['-c', 'gc.auto=0'],
  ...['-c', 'maintenance.auto=false'],
  ...['-c', 'safe.directory=*'],
]

function runGit(args: readonly string[], cwd: string, options: GitOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      args,
      {
        cwd,
        env: { ...cleanEnvironment(), ...options.env },
        encoding: 'buffer',
        maxBuffer: GIT_OUTPUT_BYTES_MAX,
        timeout: GIT_TIMEOUT_MS,
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        const said = stderr.toString('utf8').trim().slice(0, 2000)
        reject(new GitError(said === '' ? error.message : said, { cause: error }))
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

function cleanEnvironment(): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
  }
}

/** Reads blobs by name (`<commit>:<path>`) with one process; a name that is not there, or too large, is left out. */
export function readBlobs(git: Git, names: readonly string[], bytesMax: number): Promise<Map<string, Buffer>> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [`--git-dir=${git.gitDir}`, ...NEUTRAL, 'cat-file', '--batch'], {
      env: cleanEnvironment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', () => resolve(parseBatch(Buffer.concat(chunks), names, bytesMax)))
    child.stdin.on('error', () => {})
    child.stdin.end(names.map((name) => `${name}\n`).join(''))
  })
}

function parseBatch(output: Buffer, names: readonly string[], bytesMax: number): Map<string, Buffer> {
  const blobs = new Map<string, Buffer>()
  let at = 0
  for (const name of names) {
    const end = output.indexOf(10, at)
    if (end < 0) break
    const header = output.toString('utf8', at, end)
    at = end + 1
    const match = /^[0-9a-f]+ (\w+) (\d+)$/.exec(header)
    if (!match) continue
    const bytes = Number(match[2])
    if (match[1] === 'blob' && bytes <= bytesMax) blobs.set(name, output.subarray(at, at + bytes))
    at += bytes + 1
  }
  return blobs
}
