/** Turns a changeset into a commit object that no ref names yet. */
import type { Changeset } from '../../core/changeset.ts'
import type { Octokit, RepositoryName } from '../github.ts'
import type { TreeReader } from './tree.ts'

export interface WrittenCommit {
  readonly sha: string
  readonly url: string
}

const BLOBS_AT_ONCE = 4

/**
 * Without author and committer GitHub signs the commit as the App's. Writing the same commit twice leaves an
 * object that nothing names, and no harm.
 */
export async function writeCommit(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  parentSha: string,
  changeset: Changeset,
  message: string,
): Promise<WrittenCommit> {
  const parentTree = await reader.treeOf(parentSha)
  const entries: { path: string; mode: '100644' | '100755'; type: 'blob'; sha: string | null }[] = []
  for (let at = 0; at < changeset.files.length; at += BLOBS_AT_ONCE) {
    const written = changeset.files.slice(at, at + BLOBS_AT_ONCE).map(async ({ path, mode, contentBase64 }) => {
      if (contentBase64 !== undefined) {
        const { data } = await octokit.rest.git.createBlob({
          ...repository,
          content: contentBase64,
          encoding: 'base64',
        })
        return { path, mode, type: 'blob' as const, sha: data.sha }
      }
      // GitHub refuses a tree that deletes what is not there.
      return (await reader.entryAt(parentTree, path)) ? { path, mode, type: 'blob' as const, sha: null } : undefined
    })
    entries.push(...(await Promise.all(written)).filter((entry) => entry !== undefined))
  }
  const { data: tree } = await octokit.rest.git.createTree({ ...repository, base_tree: parentTree, tree: entries })
  const { data: commit } = await octokit.rest.git.createCommit({
    ...repository,
    message,
    tree: tree.sha,
    parents: [parentSha],
  })
  return { sha: commit.sha, url: commit.html_url }
}
