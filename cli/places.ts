/** Files where folders should be, and folders where files should be: nothing can be read from, or written, below them. */
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { type Refusal, refuse } from '../core/reason.ts'

/** The first part of `path`, below `root`, that is there and no folder; links are for others to judge. */
export function wrongFolder(root: string, path: string): Refusal | undefined {
  const parts = path.split('/')
  for (const [index] of parts.entries()) {
    const at = parts.slice(0, index + 1).join('/')
    const stat = lstatSync(join(root, at), { throwIfNoEntry: false })
    if (stat === undefined || stat.isSymbolicLink()) return undefined
    if (!stat.isDirectory()) return misplaced(at, 'a file', 'a folder')
  }
  return undefined
}

/** Why no file can be at `path`, below `root`. */
export function wrongFile(root: string, path: string): Refusal | undefined {
  const slash = path.lastIndexOf('/')
  const above = slash < 0 ? undefined : wrongFolder(root, path.slice(0, slash))
  if (above !== undefined) return above
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false })
  return stat?.isDirectory() ? misplaced(path, 'a folder', 'a plain file') : undefined
}

function misplaced(path: string, is: string, expected: string): Refusal {
  const message = `${path} is ${is}; expected ${expected}.`
  return refuse('configuration-invalid', message, `Move it elsewhere; for example: mv ${path} ${path}.old`)
}
