/**
 * Git with everything that could run a program or read a stranger's settings switched off: no system or user
 * configuration, no hooks, no fsmonitor, no filters, no prompts. The git directory lies outside of the work tree.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'

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
  /** What git prints beyond is left out; without it, too much is an error. */
  readonly cutAfterBytes?: number
}

export class GitError extends Error {}

export const NO_GIT = 'there is no `git` on the PATH'

/** `workTree` is absent for reading objects of a repository that somebody else checked out. */
export function openGit(gitDir: string, workTree?: string): Git {
  const place = [`--git-dir=${gitDir}`, ...(workTree === undefined ? [] : [`--work-tree=${workTree}`])]
  const bytes = (args: readonly string[], options: GitOptions = {}) =>
    runGit([...place, ...neutralOptions, ...args], workTree ?? gitDir, options)
  return { gitDir, bytes, text: async (args, options) => (await bytes(args, options)).toString('utf8') }
}

export const neutralOptions = [
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
        env: { ...gitEnvironment(), ...options.env },
        encoding: 'buffer',
        maxBuffer: options.cutAfterBytes ?? GIT_OUTPUT_BYTES_MAX,
        timeout: GIT_TIMEOUT_MS,
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        if (options.cutAfterBytes !== undefined && error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
          return resolve(stdout)
        if (error.code === 'ENOENT' && existsSync(cwd)) return reject(new GitError(NO_GIT, { cause: error }))
        const said = stderr.toString('utf8').trim().slice(0, 2000)
        reject(new GitError(said === '' ? error.message : said, { cause: error }))
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

export function gitEnvironment(): Record<string, string> {
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
