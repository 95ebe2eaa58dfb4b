/** What the workspace holds, as a tree of git's. */
import { execFile } from 'node:child_process'
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
  await new Promise<void>((resolve, reject) => {
    // Removed where they are found, so that very many of them take no memory.
    const args = [workDir, '-iname', '.git', '-prune', '-exec', 'rm', '-rf', '--', '{}', '+']
    execFile('find', args, { timeout: FIND_TIMEOUT_MS }, (error) => (error === null ? resolve() : reject(error)))
  })
}
