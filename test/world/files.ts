import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { FileMode, Files } from './contract.ts'

type Entry = { content: Buffer; mode: FileMode }

/** All files below a directory by their path in it, `.git` and `node_modules` left out. Modes are kept. */
export function filesBelow(dir: string): Files {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  const wanted = paths.filter((path) => !/(^|\/)(\.git|node_modules)\//.test(relative(dir, path)))
  return Object.fromEntries(wanted.map((path) => [relative(dir, path), fileAt(path)]))
}

function fileAt(path: string): Entry {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return { content: Buffer.from(readlinkSync(path)), mode: '120000' }
  return { content: readFileSync(path), mode: (stat.mode & 0o100) === 0 ? '100644' : '100755' }
}

/** Each path with its bytes and mode, or null where it is removed. */
export const filesOf = (files: Files): [string, Entry | null][] =>
  Object.entries(files).map(([path, file]) => {
    if (file === null) return [path, null]
    if (typeof file === 'string') return [path, { content: Buffer.from(file), mode: '100644' }]
    return [path, { content: Buffer.from(file.content), mode: file.mode }]
  })
