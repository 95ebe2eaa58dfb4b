/** Whether a commit is the one that an earlier try of this very delivery made. */

import type { Changeset } from '../core/changes/changeset.ts'
import { foldedPath } from '../core/changes/guard.ts'
import { deliveryOf } from '../core/text/delivery.ts'
import type { Octokit, RepositoryName } from './github.ts'
import { inTheWay } from './in-the-way.ts'
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

/**
 * Three ways by file: the work applies when none of its files differs between its base and the new head, and nothing has
 * come meanwhile that would be one with them. So every guard that looks at the work and at what its files were says there
 * what it has said of the base.
 */
export async function appliesTo(reader: TreeReader, head: string, changeset: Changeset): Promise<boolean> {
  const [before, after] = await Promise.all([reader.treeOf(changeset.baseSha), reader.treeOf(head)])
  for (const { path, contentBase64 } of changeset.files) {
    const [old, now] = await Promise.all([reader.entryAt(before, path), reader.entryAt(after, path)])
    if (old?.sha !== now?.sha || old?.mode !== now?.mode) return false
    const isNew = contentBase64 !== undefined && old === undefined
    if (isNew && (await hasCome(reader, before, after, path))) return false
  }
  return (await inTheWay(reader, after, changeset)) === undefined
}

/** Whether the head has something new that stands where a new file's folders or itself go, or is the same on some systems. */
async function hasCome(reader: TreeReader, before: string, after: string, path: string): Promise<boolean> {
  const parts = path.split('/')
  for (const [depth, part] of parts.entries()) {
    const folder = parts.slice(0, depth).join('/')
    const [had, has] = await Promise.all([reader.listAt(before, folder), reader.listAt(after, folder)])
    for (const [name, { type }] of has) {
      if (had.get(name)?.type === type || foldedPath(name) !== foldedPath(part)) continue
      // A folder that somebody else has begun takes a file of ours as well.
      if (name !== part || type !== 'tree' || depth === parts.length - 1) return true
    }
  }
  return false
}
