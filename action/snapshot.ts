/** What the workspace holds, as a tree of git's. */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { type Git, GitError } from './git.ts'

const FIND_TIMEOUT_MS = 60_000

export interface Snapshot {
  readonly tree: string
  /** In git's words, what it could not read of the workspace; the rest is in the tree. */
  readonly unread: string | undefined
}

/** Everything in the workspace that git does not ignore. */
export async function takeSnapshot(git: Git, workDir: string): Promise<Snapshot> {
  await removeNestedRepositories(workDir)
  const unread = await addAll(git)
  return { tree: (await git.text(['write-tree'])).trim(), unread }
}

/** One file that can't be read is no reason to lose the others. */
async function addAll(git: Git): Promise<string | undefined> {
  try {
    await git.text(['add', '--all', '--ignore-errors'])
    return undefined
  } catch (error) {
    if (error instanceof GitError) return error.message
    throw error
  }
}

/**
 * Git runs programs that a nested repository's configuration names when it looks into one, so there must be none
 * before git looks at all. `find` only reads names.
 */
async function removeNestedRepositories(workDir: string): Promise<void> {
  const found = await new Promise<string>((resolve, reject) => {
    const args = [workDir, '-iname', '.git', '-prune', '-print0']
    execFile('find', args, { timeout: FIND_TIMEOUT_MS, maxBuffer: 16_000_000 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
  })
  for (const path of found.split('\0').filter((name) => name !== '')) rmSync(path, { recursive: true, force: true })
}
