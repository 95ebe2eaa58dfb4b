/** Turns a changeset into a commit object that no ref names yet. */
import { isUtf8 } from 'node:buffer'
import type { ChangedFile, Changeset } from '../core/changes/changeset.ts'
import type { Octokit, RepositoryName } from './github.ts'
import type { TreeReader } from './tree.ts'

export interface WrittenCommit {
  readonly sha: string
  readonly url: string
}

type TreeItem = { readonly path: string; readonly mode: ChangedFile['mode']; readonly type: 'blob' } & (
  | { readonly content: string }
  | { readonly sha: string | null }
)

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
  const tree = await writeTree(octokit, repository, reader, parentSha, changeset)
  const { data: commit } = await octokit.rest.git.createCommit({ ...repository, message, tree, parents: [parentSha] })
  return { sha: commit.sha, url: commit.html_url }
}

/** The tree of the commit that would be written: the same parent and changeset always make the same one. */
export async function writeTree(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  parentSha: string,
  changeset: Changeset,
): Promise<string> {
  const parentTree = await reader.treeOf(parentSha)
  const tree: TreeItem[] = []
  for (const file of changeset.files) {
    const item = await treeItem(octokit, repository, file)
    // GitHub refuses a tree that deletes what is not there.
    const isThere = file.contentBase64 !== undefined || (await reader.entryAt(parentTree, file.path)) !== undefined
    if (isThere) tree.push(item)
  }
  const { data: made } = await octokit.rest.git.createTree({ ...repository, base_tree: parentTree, tree })
  return made.sha
}

/** Text goes along with the tree: GitHub asks Apps to write about once a second, and a request for each file adds up. */
async function treeItem(octokit: Octokit, repository: RepositoryName, file: ChangedFile): Promise<TreeItem> {
  const { path, mode, contentBase64 } = file
  if (contentBase64 === undefined) return { path, mode, type: 'blob', sha: null }
  const bytes = Buffer.from(contentBase64, 'base64')
  if (isUtf8(bytes)) return { path, mode, type: 'blob', content: bytes.toString('utf8') }
  const { data } = await octokit.rest.git.createBlob({ ...repository, content: contentBase64, encoding: 'base64' })
  return { path, mode, type: 'blob', sha: data.sha }
}
