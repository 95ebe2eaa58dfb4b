/** Git, as it is installed here, asked about a working copy. */
import { execFileSync, spawnSync } from 'node:child_process'

const GIT_TIMEOUT_MS = 60_000
/** Of what git answers; the names of a change's files are the most. */
const GIT_BYTES_MAX = 50_000_000

/** Standard output without its last line end; `undefined` when git says no. */
export function git(root: string, args: readonly string[]): string | undefined {
  return gitBytes(root, args)?.toString('utf8').trimEnd()
}

/** Standard output as it is. */
export function gitBytes(root: string, args: readonly string[]): Buffer | undefined {
  try {
    return execFileSync('git', ['-C', root, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: GIT_TIMEOUT_MS,
      maxBuffer: GIT_BYTES_MAX,
    })
  } catch {
    return undefined
  }
}

/** What to say of a folder that git tells nothing of, where there is no git to ask. */
export function withoutGit(): { readonly message: string; readonly todo: string } | undefined {
  const { error } = spawnSync('git', ['--version'], { stdio: 'ignore', timeout: GIT_TIMEOUT_MS })
  if (!(error && 'code' in error && error.code === 'ENOENT')) return undefined
  return { message: 'There is no `git` on the PATH.', todo: 'Install git, or put its folder on the PATH.' }
}

/** The top of the working copy that a folder lies in; `undefined` where there is none. */
export function workingCopyOf(dir: string): string | undefined {
  return git(dir, ['rev-parse', '--show-toplevel'])
}

/** Whether a folder belongs to a repository that keeps its commits alone, and no files to look at. */
export function isBare(dir: string): boolean {
  return git(dir, ['rev-parse', '--is-inside-work-tree']) === 'false'
}
