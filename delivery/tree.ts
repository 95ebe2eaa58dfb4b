/** Looking up single paths in git trees, one directory at a time, so that large repositories cost no more than small ones. */
import type { Octokit, RepositoryName } from './github.ts'

export interface TreeEntry {
  readonly sha: string
  readonly mode: string
  /** In bytes, as far as GitHub says. */
  readonly size?: number | undefined
}

export interface TreeReader {
  /** The file at `path` below a commit's root tree; `undefined` when there is none. */
  entryAt(rootTreeSha: string, path: string): Promise<TreeEntry | undefined>
  /** The id of the folder at `path`, which names its content; `undefined` when there is none. */
  folderAt(rootTreeSha: string, path: string): Promise<string | undefined>
  /** A commit's root tree, asked for once. */
  treeOf(commitSha: string): Promise<string>
  /** What lies directly in a folder, by name; empty where there is none. `path`: empty for the root. */
  listAt(rootTreeSha: string, path: string): Promise<ReadonlyMap<string, { readonly type: string }>>
}

export function createTreeReader(octokit: Octokit, repository: RepositoryName): TreeReader {
  // A directory's id names its content, so what did not change between two commits is read once.
  const directories = new Map<string, Promise<ReadonlyMap<string, TreeEntry & { type: string }>>>()

  const roots = new Map<string, Promise<string>>()

  async function readRoot(commitSha: string): Promise<string> {
    const { data } = await octokit.rest.git.getCommit({ ...repository, commit_sha: commitSha })
    return data.tree.sha
  }

  async function readDirectory(sha: string): Promise<ReadonlyMap<string, TreeEntry & { type: string }>> {
    const { data } = await octokit.rest.git.getTree({ ...repository, tree_sha: sha })
    return new Map(data.tree.map(({ path, sha, mode, type, size }) => [path, { sha, mode, type, size }]))
  }

  function directory(sha: string): Promise<ReadonlyMap<string, TreeEntry & { type: string }>> {
    const known = directories.get(sha)
    if (known) return known
    const reading = readDirectory(sha)
    directories.set(sha, reading)
    return reading
  }

  async function folderAt(rootTreeSha: string, folders: readonly string[]): Promise<string | undefined> {
    let sha = rootTreeSha
    for (const folder of folders) {
      const next = (await directory(sha)).get(folder)
      if (next?.type !== 'tree') return undefined
      sha = next.sha
    }
    return sha
  }

  return {
    async entryAt(rootTreeSha, path) {
      const folders = path.split('/')
      const file = folders.pop() ?? ''
      const folder = await folderAt(rootTreeSha, folders)
      const found = folder === undefined ? undefined : (await directory(folder)).get(file)
      return found?.type === 'blob' ? { sha: found.sha, mode: found.mode, size: found.size } : undefined
    },
    async listAt(rootTreeSha, path) {
      const folder = await folderAt(rootTreeSha, path === '' ? [] : path.split('/'))
      return folder === undefined ? new Map() : directory(folder)
    },
    folderAt: (rootTreeSha, path) => folderAt(rootTreeSha, path.split('/')),
    treeOf(commitSha) {
      const known = roots.get(commitSha)
      if (known) return known
      const reading = readRoot(commitSha)
      roots.set(commitSha, reading)
      return reading
    },
  }
}
