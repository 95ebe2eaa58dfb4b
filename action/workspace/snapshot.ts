/** What the workspace holds, as a tree of git's. */
import { execFile } from 'node:child_process'
import { type Git, GitError } from './git.ts'

const FIND_TIMEOUT_MS = 60_000
/** Of what could not be read, in a sentence. */
const COMPLAINT_CHARACTERS_MAX = 500

export interface Snapshot {
  readonly tree: string
  /** What could not be read of the workspace, in the words of whoever tried; the rest is in the tree. */
  readonly unread: string | undefined
}

/** Everything in the workspace that git does not ignore. */
export async function takeSnapshot(git: Git, workDir: string): Promise<Snapshot> {
  // Before a nested repository is known to be gone git does not look at all: then the tree is what it was.
  const unread = (await removeNestedRepositories(workDir)) ?? (await addAll(git))
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
 * before git looks at all. `find` only reads names. Folders that a command has locked are opened first: what is in one may
 * be the work, or such a repository. Answers what stood in the way.
 */
function removeNestedRepositories(workDir: string): Promise<string | undefined> {
  // Where that goes well it is no match, so that the rest is asked as well, and what lies within is walked through.
  const opened = ['(', '-type', 'd', '!', '-perm', '-u=rwx', '!', '-exec', 'chmod', 'u+rwx', '{}', ';', ')']
  // Removed where they are found, so that very many of them take no memory.
  const nested = ['-iname', '.git', '-prune', '-exec', 'rm', '-rf', '--', '{}', '+']
  return find([workDir, ...opened, '-o', ...nested])
}

function find(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile('find', args, { timeout: FIND_TIMEOUT_MS }, (error, _, complaint) => {
      if (error === null) return resolve(undefined)
      if (error.killed || typeof error.code !== 'number') return reject(error)
      resolve(complaint.trim().slice(0, COMPLAINT_CHARACTERS_MAX) || 'a folder can’t be read')
    })
  })
}
