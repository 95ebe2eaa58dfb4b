/** How much of a delivered commit the merged tree still holds, read from GitHub within bounds. */
import { type FileStates, type Rewritten, rewrittenInAll } from '../../core/outcome/rewritten.ts'
import { unlessMissing } from '../../delivery/github.ts'
import { createTreeReader, type TreeEntry, type TreeReader } from '../../delivery/tree.ts'
import type { Place } from '../subject/place.ts'

/** Of a larger change the first files, in the order of their paths, speak for all. Three texts are read of each at most. */
const FILES_MAX = 30
/** Larger files are left out. */
const FILE_BYTES_MAX = 500_000

/** Undefined where nothing could be measured; `unreadable` where GitHub has the delivered commit no more. */
export async function measureRewritten(
  place: Place,
  deliveredSha: string,
  mergedSha: string,
): Promise<Rewritten | 'unreadable' | undefined> {
  const commit = await readCommit(place, deliveredSha)
  if (commit === undefined) return 'unreadable'
  const [parent, ...others] = commit.parents
  if (parent === undefined || others.length > 0) return undefined
  const reader = createTreeReader(place.octokit, place.name)
  const [before, delivered, merged] = await Promise.all([
    reader.treeOf(parent.sha),
    reader.treeOf(deliveredSha),
    reader.treeOf(mergedSha),
  ])
  const files = (commit.files ?? []).toSorted((a, b) => (a.filename < b.filename ? -1 : 1)).slice(0, FILES_MAX)
  const states: FileStates[] = []
  for (const { filename, previous_filename: previous = filename } of files) {
    const one = await readStates(place, reader, [
      [before, previous],
      [delivered, filename],
      [merged, filename],
    ])
    if (one) states.push(one)
  }
  const measured = rewrittenInAll(states)
  return measured.lines === 0 ? undefined : measured
}

async function readCommit({ octokit, name }: Place, sha: string) {
  const read = await unlessMissing(() => octokit.rest.repos.getCommit({ ...name, ref: sha, per_page: FILES_MAX }))
  return read?.data
}

type Where = readonly [tree: string, path: string]

async function readStates(
  place: Place,
  reader: TreeReader,
  where: readonly [before: Where, delivered: Where, merged: Where],
): Promise<FileStates | undefined> {
  const [before, delivered, merged] = await Promise.all([
    reader.entryAt(...where[0]),
    reader.entryAt(...where[1]),
    reader.entryAt(...where[2]),
  ])
  if ([before, delivered, merged].some((entry) => (entry?.size ?? 0) > FILE_BYTES_MAX)) return undefined
  const texts = new Map<string, string>()
  for (const entry of [before, delivered, merged]) {
    if (entry && !texts.has(entry.sha)) texts.set(entry.sha, await readText(place, entry))
  }
  const text = (entry: TreeEntry | undefined) => entry && texts.get(entry.sha)
  return { before: text(before), delivered: text(delivered), merged: text(merged) }
}

async function readText({ octokit, name }: Place, { sha }: TreeEntry): Promise<string> {
  const { data } = await octokit.rest.git.getBlob({ ...name, file_sha: sha })
  return atob(data.content)
}
