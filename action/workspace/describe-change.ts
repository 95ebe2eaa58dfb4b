/** What the subject changes, for prompts. */
import type { Plan } from '../../core/plan/plan.ts'
import { isNamed } from '../../core/session/subject-words.ts'
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

/** Empty texts where the base is not known, and for a diff and commits that no prompt names. */
export async function describeChange(git: Git, plan: Pick<Plan, 'subject' | 'steps'>): Promise<Change> {
  const { baseSha, headSha } = plan.subject
  if (baseSha === undefined) return NOTHING_KNOWN
  const between = ['--no-ext-diff', '--no-textconv', baseSha, headSha]
  try {
    const [files, diff, commits] = await Promise.all([
      git.text(['diff-tree', '-r', '--name-status', '--no-commit-id', ...between]),
      isNamed(plan, 'subject.diff') ? git.text(['diff-tree', '-r', '-p', '--no-commit-id', ...between]) : '',
      isNamed(plan, 'subject.commits') ? listCommits(git, baseSha, headSha) : '',
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
