/** What the subject changes, for prompts. */
import type { Subject } from '../core/plan.ts'
import { type Git, GitError } from './git.ts'

/** The files that differ between two commits and their diff, for prompts; empty where the base is not known. */
export async function describeChange(
  git: Git,
  { baseSha, headSha }: Subject,
): Promise<{ files: string; diff: string }> {
  if (baseSha === undefined) return { files: '', diff: '' }
  const commits = ['--no-ext-diff', '--no-textconv', baseSha, headSha]
  try {
    const [files, diff] = await Promise.all([
      git.text(['diff-tree', '-r', '--name-status', '--no-commit-id', ...commits]),
      git.text(['diff-tree', '-r', '-p', '--no-commit-id', ...commits]),
    ])
    return { files: files.trim(), diff }
  } catch (error) {
    // The base could not be fetched, or the diff is too large to hold: the agent can still look for itself.
    if (error instanceof GitError) return { files: '', diff: '' }
    throw error
  }
}
