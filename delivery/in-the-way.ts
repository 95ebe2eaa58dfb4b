/**
 * What written files would replace besides themselves. GitHub puts whole entries into a tree: a file in a folder's place takes
 * all that is in it, and one below a file takes that file. Guards look at the paths that work names, so it has to name those too.
 */
import type { Changeset } from '../core/changes/changeset.ts'
import type { Violation } from '../core/changes/guard.ts'
import type { TreeReader } from './tree.ts'

/** A path of the work, and what stands in its way. */
interface Obstacle {
  readonly path: string
  readonly kept: string
}

/** What is in the way in the commit that the work was made from. */
export async function checkTree(reader: TreeReader, changeset: Changeset): Promise<Violation[]> {
  const found = await inTheWay(reader, await reader.treeOf(changeset.baseSha), changeset)
  if (found === undefined) return []
  const { path, kept } = found
  const message = `\`${path}\` would take the place of \`${kept}\`, which the work does not delete.`
  return [{ reason: 'guard-files', rule: 'replaces', file: path, message }]
}

/** The first file of the work that would replace what the work does not itself delete. No work deletes a submodule. */
export async function inTheWay(
  reader: TreeReader,
  rootTreeSha: string,
  { files }: Changeset,
): Promise<Obstacle | undefined> {
  const deleted = new Set(files.filter(({ contentBase64 }) => contentBase64 === undefined).map(({ path }) => path))
  for (const { path, contentBase64 } of files) {
    if (contentBase64 === undefined) continue
    const kept =
      (await fileAbove(reader, rootTreeSha, path, deleted)) ?? (await keptAt(reader, rootTreeSha, path, deleted))
    if (kept !== undefined) return { path, kept }
  }
  return undefined
}

/** The file, link or submodule that stands where a folder of `path` goes. */
async function fileAbove(
  reader: TreeReader,
  rootTreeSha: string,
  path: string,
  deleted: ReadonlySet<string>,
): Promise<string | undefined> {
  const parts = path.split('/')
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join('/')
    const type = await typeAt(reader, rootTreeSha, parent)
    if (type === 'tree') continue
    return type === undefined || (type === 'blob' && deleted.has(parent)) ? undefined : parent
  }
  return undefined
}

/** What stays in the folder at `path`, or the submodule there. A file is changed as the work says. */
async function keptAt(
  reader: TreeReader,
  rootTreeSha: string,
  path: string,
  deleted: ReadonlySet<string>,
): Promise<string | undefined> {
  const type = await typeAt(reader, rootTreeSha, path)
  if (type === 'tree') return keptBelow(reader, rootTreeSha, path, deleted)
  return type === undefined || type === 'blob' ? undefined : path
}

/** Only folders that something is deleted in are read. */
async function keptBelow(
  reader: TreeReader,
  rootTreeSha: string,
  folder: string,
  deleted: ReadonlySet<string>,
): Promise<string | undefined> {
  if (![...deleted].some((path) => path.startsWith(`${folder}/`))) return folder
  for (const [name, { type }] of await reader.listAt(rootTreeSha, folder)) {
    const path = `${folder}/${name}`
    if (type === 'blob' && deleted.has(path)) continue
    const kept = type === 'tree' ? await keptBelow(reader, rootTreeSha, path, deleted) : path
    if (kept !== undefined) return kept
  }
  return undefined
}

async function typeAt(reader: TreeReader, rootTreeSha: string, path: string): Promise<string | undefined> {
  const cut = path.lastIndexOf('/')
  const within = await reader.listAt(rootTreeSha, path.slice(0, Math.max(cut, 0)))
  return within.get(path.slice(cut + 1))?.type
}
