/** What the subject changes, for prompts. */
import type { Subject } from '../../core/plan/plan.ts'
import { type Git, GitError } from './git.ts'

/** Commits that a prompt can name, newest first. */
export const COMMITS_MAX = 50
const COMMIT_SUBJECT_CHARACTERS_MAX = 200

export interface Change {
  readonly files: string
  readonly diff: string
  /** The first lines of the commits between base and head; empty where the history is not to be had. */
  readonly commits: string
}

const NOTHING_KNOWN: Change = { files: '', diff: '', commits: '' }

/** Empty texts where the base is not known. */
export async function describeChange(git: Git, { baseSha, headSha }: Subject): Promise<Change> {
  if (baseSha === undefined) return NOTHING_KNOWN
  const between = ['--no-ext-diff', '--no-textconv', baseSha, headSha]
  try {
    const [files, diff, commits] = await Promise.all([
      git.text(['diff-tree', '-r', '--name-status', '--no-commit-id', ...between]),
      git.text(['diff-tree', '-r', '-p', '--no-commit-id', ...between]),
      listCommits(git, baseSha, headSha),
    ])
    return { files: files.trim(), diff, commits }
  } catch (error) {
    // The base could not be fetched, or the diff is too large to hold: the agent can still look for itself.
    if (error instanceof GitError) return NOTHING_KNOWN
    throw error
  }
}

async function listCommits(git: Git, baseSha: string, headSha: string): Promise<string> {
  const range = [`--max-count=${COMMITS_MAX}`, headSha, `^${baseSha}`]
  try {
    const subjects = await git.text(['log', '--format=%s', '--no-show-signature', ...range])
    const lines = subjects.split('\n').filter((subject) => subject !== '')
    return lines.map((subject) => `- ${subject.slice(0, COMMIT_SUBJECT_CHARACTERS_MAX)}`).join('\n')
  } catch (error) {
    // The history ends before the base.
    if (error instanceof GitError) return ''
    throw error
  }
}
