/** Puts the work of a checkpoint into the workspace, which holds the commit that the changeset names. */
import { constants } from 'node:fs'
import { chmod, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ChangedFile, Changeset } from '../../core/changes/changeset.ts'
import { placeBelow } from '../tools/path.ts'

/** Answers why it can't be done: then the workspace is not what the conversation speaks of. */
export async function applyChangeset(workDir: string, { files }: Changeset): Promise<string | undefined> {
  try {
    // A folder may have become a file or the other way round, so what goes, goes first.
    for (const file of files) {
      if (file.contentBase64 === undefined) await rm(await placeOf(workDir, file), { force: true })
    }
    for (const file of files) await writeFile(workDir, file)
    return undefined
  } catch (error) {
    return `The checkpoint’s work could not be put into the workspace: ${error instanceof Error ? error.message : error}`
  }
}

async function writeFile(workDir: string, file: ChangedFile): Promise<void> {
  if (file.contentBase64 === undefined) return
  const path = await placeOf(workDir, file)
  await mkdir(dirname(path), { recursive: true })
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
  const handle = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
  await handle.writeFile(Buffer.from(file.contentBase64, 'base64')).finally(() => handle.close())
  await chmod(path, file.mode === '100755' ? 0o755 : 0o644)
}

async function placeOf(workDir: string, { path }: ChangedFile): Promise<string> {
  const found = await placeBelow(workDir, path)
  if ('problem' in found) throw new Error(`${path} leads out of it`)
  return found.path
}
