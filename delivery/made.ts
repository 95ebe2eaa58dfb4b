/** Whether a commit is the one that an earlier try of this very delivery made. */
import type { Changeset } from '../core/changeset.ts'
import { deliveryOf } from '../core/text/delivery.ts'
import type { Octokit, RepositoryName } from './github.ts'
import type { TreeReader } from './tree.ts'
import { writeTree } from './write-commit.ts'

/** What the delivery is known by. */
export interface Made {
  readonly runId: string
  readonly changeset: Changeset
}

export interface FoundCommit {
  readonly message: string
  readonly treeSha: string
  readonly parentShas: readonly string[]
}

/**
 * Anybody can write the trailers, so they only say where to look: the commit is adopted when its one parent takes the
 * work and its tree is the one that the App would write there.
 */
export async function isMade(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  commit: FoundCommit,
  { runId, changeset }: Made,
): Promise<boolean> {
  const [parent, ...others] = commit.parentShas
  if (deliveryOf(commit.message)?.runId !== runId || parent === undefined || others.length > 0) return false
  if (parent !== changeset.baseSha && !(await appliesTo(reader, parent, changeset))) return false
  return (await writeTree(octokit, repository, reader, parent, changeset)) === commit.treeSha
}

/** Three ways by file: the work applies when none of its files differs between its base and the new head. */
export async function appliesTo(reader: TreeReader, head: string, changeset: Changeset): Promise<boolean> {
  const [before, after] = await Promise.all([reader.treeOf(changeset.baseSha), reader.treeOf(head)])
  for (const { path } of changeset.files) {
    const [old, now] = await Promise.all([reader.entryAt(before, path), reader.entryAt(after, path)])
    if (old?.sha !== now?.sha || old?.mode !== now?.mode) return false
  }
  return true
}
