/** Files that are written whole or not at all: half a workflow would pass for one that is there already. */
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface WholeFile {
  /** For people. */
  readonly path: string
  readonly file: string
  readonly text: string
  /** One that is there already is an error, not written over. */
  readonly isNew: boolean
}

/** One after the other. Where one can't be written, the new ones before it go too, and the error says so. */
export function writeWhole(files: readonly WholeFile[]): void {
  const made: string[] = []
  for (const { path, file, text, isNew } of files) {
    try {
      mkdirSync(dirname(file), { recursive: true })
      if (isNew) writeNew(file, text)
      else replace(file, text)
    } catch (error) {
      for (const each of made) rmSync(each, { force: true })
      const why = error instanceof Error ? error.message : String(error)
      const expected = 'room on the disk and the right to write there; nothing new was kept'
      throw new Error(`${path} could not be written (${why}); expected ${expected}; for example after \`df -h .\``, {
        cause: error,
      })
    }
    if (isNew) made.push(file)
  }
}

function writeNew(file: string, text: string): void {
  // Where somebody was faster their file stays: it is not this one's to remove.
  writeFileSync(file, '', { flag: 'wx' })
  try {
    writeFileSync(file, text)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
}

/** Under its name only once it is whole. */
function replace(file: string, text: string): void {
  const partial = `${file}.partial`
  try {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode
    writeFileSync(partial, text, mode === undefined ? {} : { mode })
    renameSync(partial, file)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
}
