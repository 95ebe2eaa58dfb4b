/** What the workspace holds, as a tree of git's. */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import type { Git } from './git.ts'

const FIND_TIMEOUT_MS = 60_000

/** The tree of everything in the workspace that git does not ignore. */
export async function snapshotTree(git: Git, workDir: string): Promise<string> {
  await removeNestedRepositories(workDir)
  await git.text(['add', '--all'])
  return (await git.text(['write-tree'])).trim()
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
