/** The lines that work changes, counted against what the repository holds: a runner may say any number. */

import { withLinesAtLeast } from '../core/changes/changed-lines.ts'
import type { Changeset } from '../core/changes/changeset.ts'
import { CHANGESET_FILES_MAX } from '../core/changes/changeset.ts'
import type { Octokit, RepositoryName } from './github.ts'
import type { TreeReader } from './tree.ts'

/** The changeset with each file's lines as the runner says, or as many as it must have where that is more. */
export async function countLines(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  changeset: Changeset,
): Promise<Changeset> {
  const base = await reader.treeOf(changeset.baseSha)
  const files = changeset.files.slice(0, CHANGESET_FILES_MAX).map(async (file) => {
    const entry = await reader.entryAt(base, file.path)
    if (entry === undefined) return withLinesAtLeast(file, undefined)
    const { data } = await octokit.rest.git.getBlob({ ...repository, file_sha: entry.sha })
    return withLinesAtLeast(file, data.content)
  })
  return { ...changeset, files: await Promise.all(files) }
}
