/** Puts the work of a checkpoint into the workspace, which holds the commit that the changeset names. */
import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, realpath, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ChangedFile, Changeset } from '../../core/changes/changeset.ts'
import { placeBelow } from '../tools/path.ts'

/** Answers why it can't be done: then the workspace is not what the conversation speaks of. */
export async function applyChangeset(workDir: string, { files }: Changeset): Promise<string | undefined> {
  try {
    const root = await realpath(workDir)
    // A folder may have become a file or the other way round, so what goes, goes first.
    for (const file of files) {
      if (file.contentBase64 === undefined) await takeAway(root, await placeOf(root, file))
    }
    for (const file of files) await writeFile(root, file)
    return undefined
  } catch (error) {
    return `The checkpoint’s work could not be put into the workspace: ${error instanceof Error ? error.message : error}`
  }
}

/** With the folders that are empty then, since git has none and a file may come in their place. */
async function takeAway(root: string, path: string): Promise<void> {
  await rm(path, { force: true })
  for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
    const isTaken = await rmdir(folder).then(
      () => true,
      () => false,
    )
    if (!isTaken) return
  }
}

async function writeFile(root: string, file: ChangedFile): Promise<void> {
  if (file.contentBase64 === undefined) return
  const path = await placeOf(root, file)
  await mkdir(dirname(path), { recursive: true })
  // Work has no links: one that is there is what the file takes the place of, and what it leads to is another file.
  const there = await lstat(path).catch(() => undefined)
  if (there?.isSymbolicLink()) await rm(path)
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
  const handle = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
  await handle.writeFile(Buffer.from(file.contentBase64, 'base64')).finally(() => handle.close())
  await chmod(path, file.mode === '100755' ? 0o755 : 0o644)
}

/** As git names it: no folder on the way is a link, and one that has the name itself is not followed. */
async function placeOf(root: string, { path }: ChangedFile): Promise<string> {
  const folder = await placeBelow(root, dirname(path))
  if ('problem' in folder) throw new Error(`${path} leads out of it`)
  if (folder.path !== join(root, dirname(path))) throw new Error(`${path} leads over a link`)
  return join(folder.path, basename(path))
}
