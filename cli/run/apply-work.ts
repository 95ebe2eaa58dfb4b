/** What becomes of a run's work in the working tree it was started from. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { ChangedFile, Changeset } from '../../core/changes/changeset.ts'
import { git, gitBytes } from '../git.ts'
import { leadsOut, statOf } from '../links.ts'

/** Git's mode of one. */
const LINK = '120000'

export interface AppliedWork {
  readonly applied: boolean
  /** Where the patch lies, when there is one. */
  readonly patch: string | null
  readonly says: string
}

export interface WorkToApply {
  readonly patch: string
  readonly patchFile: string
  /** Whether it may go onto the working tree at all. */
  readonly deliverable: boolean
  readonly changeset: Changeset | undefined
  /** Of a run that went on from a checkpoint: the work that it began with. */
  readonly before: Changeset | undefined
}

/** Writes the patch beside the report, and applies it where it applies cleanly. */
export function applyWork(root: string, work: WorkToApply): AppliedWork {
  const { patch, patchFile, deliverable, changeset, before } = work
  if (patch === '') return { applied: false, patch: null, says: 'Nothing was changed.' }
  writeFileSync(patchFile, patch)
  const look = `Look at it, or apply it yourself: git apply ${patchFile}`
  if (!deliverable) return { applied: false, patch: patchFile, says: `The work was not applied. ${look}` }
  const applied =
    git(root, ['apply', '--whitespace=nowarn', patchFile]) !== undefined ||
    (changeset !== undefined && before !== undefined && applyOver(root, before, changeset))
  if (!applied)
    return { applied, patch: patchFile, says: `The work does not apply cleanly to your working tree. ${look}` }
  return { applied, patch: patchFile, says: 'The work is in your working tree, not committed.' }
}

/**
 * The run before ended at its cap, and its work went onto this tree: where every file still is as that run left it, what the
 * session came to since takes its place. Else nothing is touched.
 */
function applyOver(root: string, before: Changeset, after: Changeset): boolean {
  const paths = new Set([...before.files, ...after.files].map(({ path }) => path))
  const [was, becomes] = [byPath(before), byPath(after)]
  const atBase = (path: string) => fileAt(root, before.baseSha, path)
  for (const path of paths) {
    if (leadsOut(join(root, path), root)) return false
    const expected = was.get(path)
    const content = expected === undefined ? atBase(path)?.content : contentOf(expected)
    if (!sameBytes(readIfThere(join(root, path)), content)) return false
  }
  const targets = [...paths].map((path) => {
    const file = becomes.get(path)
    const base = file === undefined ? atBase(path) : undefined
    const content = file === undefined ? base?.content : contentOf(file)
    return { path, content, mode: (file ?? base)?.mode }
  })
  const gone = new Set(targets.filter(({ content }) => content === undefined).map(({ path }) => path))
  // A link that has to come back is not written as a file with its target's name in it.
  if (targets.some(({ mode }) => mode === LINK) || ![...paths].every((path) => hasRoom(root, path, gone))) return false
  for (const path of gone) takeAway(root, path)
  for (const { path, content, mode } of targets) {
    if (content !== undefined) put(join(root, path), content, mode)
  }
  return true
}

/** Whether nothing but what goes stands where the file, or a folder on the way to it, does. */
function hasRoom(root: string, path: string, gone: ReadonlySet<string>): boolean {
  for (let above = dirname(path); above !== '.'; above = dirname(above)) {
    const stat = statOf(join(root, above))
    if (stat !== undefined && !stat.isDirectory() && !gone.has(above)) return false
  }
  const there = statOf(join(root, path))
  if (!there?.isDirectory()) return true
  const below = readdirSync(join(root, path), { recursive: true, withFileTypes: true })
  return below.every((one) => one.isDirectory() || gone.has(relative(root, join(one.parentPath, one.name))))
}

/** With the folders that are empty then, as git does. */
function takeAway(root: string, path: string): void {
  rmSync(join(root, path), { force: true })
  for (let folder = dirname(path); folder !== '.' && isEmpty(join(root, folder)); folder = dirname(folder)) {
    rmdirSync(join(root, folder))
  }
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0
  } catch {
    return false
  }
}

function byPath({ files }: Changeset): Map<string, ChangedFile> {
  return new Map(files.map((file) => [file.path, file]))
}

/** `undefined` where it was deleted. */
function contentOf({ contentBase64 }: ChangedFile): Buffer | undefined {
  return contentBase64 === undefined ? undefined : Buffer.from(contentBase64, 'base64')
}

function fileAt(root: string, commit: string, path: string): { mode: string; content: Buffer } | undefined {
  const entry = git(root, ['--literal-pathspecs', 'ls-tree', commit, '--', path])
  const [mode, , blob] = (entry ?? '').split(/[ \t]/)
  if (!mode || !blob) return undefined
  const content = gitBytes(root, ['cat-file', 'blob', blob])
  return content && { mode, content }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}

function put(file: string, content: Buffer, mode: string | undefined): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  chmodSync(file, mode === '100755' ? 0o755 : 0o644)
}
