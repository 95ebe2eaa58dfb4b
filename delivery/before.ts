/** What files were before the work, as the repository holds them; only of those for which it matters. */
import type { Changeset } from '../core/changes/changeset.ts'
import type { Before } from '../core/changes/guard.ts'
import type { Octokit, RepositoryName } from './github.ts'
import type { TreeReader } from './tree.ts'

/** A file that is new is not in the answer. */
export async function readBefore(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  { baseSha }: Changeset,
  paths: readonly string[],
): Promise<Before> {
  if (paths.length === 0) return new Map()
  const base = await reader.treeOf(baseSha)
  const read = paths.map(async (path): Promise<[string, string][]> => {
    const entry = await reader.entryAt(base, path)
    if (entry === undefined) return []
    const { data } = await octokit.rest.git.getBlob({ ...repository, file_sha: entry.sha })
    return [[path, data.content.replaceAll('\n', '')]]
  })
  return new Map((await Promise.all(read)).flat())
}
