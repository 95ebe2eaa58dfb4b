/** The work as data: what differs between the workspace as it was handed over and as it is now. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CHANGESET_BYTES_MAX,
  CHANGESET_FILE_BYTES_MAX,
  CHANGESET_FILES_MAX,
  CHANGESET_PATH_CHARACTERS_MAX,
  type ChangedFile,
  type Changeset,
} from '../../core/changes/changeset.ts'
import type { Violation } from '../../core/changes/guard.ts'
import { GIT_OUTPUT_BYTES_MAX, type Git, GitError } from './git.ts'
import { ObjectReader } from './objects.ts'
import { takeSnapshot } from './snapshot.ts'

/** A patch is for reading; the files themselves are in the changeset. */
export const PATCH_BYTES_MAX = 2_000_000
/** Of git's list of what differs: some tens of thousands of files, many times of what can be delivered. */
const LIST_BYTES_MAX = 8_000_000
/** How many violations are named; more would only repeat them. */
const VIOLATIONS_MAX = 20
/** Of a path, in a sentence. */
const PATH_SHOWN_CHARACTERS_MAX = 200
/** Of a repository; whether something was put into more is not looked at. */
const SUBMODULES_MAX = 100
const SUBMODULE = Buffer.from('160000 ')

export interface Work {
  readonly changeset: Changeset
  /** What can't be in a changeset at all: links, submodules, too many or too large files, names that are too long. */
  readonly violations: readonly Violation[]
  /** The changeset's files for reading, cut at `PATCH_BYTES_MAX`; empty where git can't show them. */
  readonly patch: string
  /** The old contents of some of its files in base64; none for files that are new. */
  before(paths: readonly string[]): Promise<Map<string, string>>
}

/** `fromTree`: the workspace as the first step found it; `baseSha`: the commit that the work is applied to. */
export async function collectWork(
  git: Git,
  workDir: string,
  fromTree: string,
  baseSha: string,
  listBytesMax = LIST_BYTES_MAX,
): Promise<Work> {
  const { tree: toTree, unread } = await takeSnapshot(git, workDir)
  const trees = ['--no-renames', '--no-ext-diff', '--no-textconv', fromTree, toTree]
  const list = await git.bytes(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', ...trees], {
    cutAfterBytes: listBytesMax,
  })
  const isCut = list.length >= listBytesMax
  const chosen = chooseFiles(await measure(git, parseRaw(list.toString('utf8'))), isCut)
  const { kept } = chosen
  const violations = [...chosen.violations, ...(await insideSubmodules(git, workDir, fromTree))]
  if (unread !== undefined) violations.push(violation('unreadable', `Not all of the work can be read: ${unread}`))
  const { lines, patch } = await showFiles(git, trees, kept)
  const contents = await readContents(
    git,
    kept.filter(({ deleted }) => !deleted).map(({ blob }) => blob),
  )
  const files = kept.map(({ path, mode, blob, deleted }): ChangedFile => {
    const counted = lines.get(path) ?? { addedLines: 0, deletedLines: 0 }
    if (deleted) return { path, mode: '100644', ...counted }
    const plainMode = mode === '100755' ? '100755' : '100644'
    return { path, mode: plainMode, contentBase64: contents.get(blob) ?? '', ...counted }
  })
  return { changeset: { baseSha, files }, violations, patch, before: (paths) => readBefore(git, kept, paths) }
}

/** In base64, by id, through one process of git for all of them. */
async function readContents(git: Git, blobs: readonly string[]): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  if (blobs.length === 0) return contents
  const objects = new ObjectReader(git.gitDir)
  try {
    for (const blob of blobs) {
      const object = await objects.read(blob, CHANGESET_FILE_BYTES_MAX)
      if (object === undefined) throw new Error(`git does not give the content ${blob}, which is part of the work`)
      contents.set(blob, object.content.toString('base64'))
    }
  } finally {
    objects.close()
  }
  return contents
}

/** A file that is too large to be in a changeset is none that anybody compares. */
async function readBefore(git: Git, listed: readonly Listed[], paths: readonly string[]): Promise<Map<string, string>> {
  const before = new Map<string, string>()
  for (const { path, blobBefore } of listed) {
    if (!paths.includes(path) || /^0*$/.test(blobBefore)) continue
    const size = Number(await git.text(['cat-file', '-s', blobBefore]))
    if (size > CHANGESET_FILE_BYTES_MAX) continue
    before.set(path, (await git.bytes(['cat-file', 'blob', blobBefore])).toString('base64'))
  }
  return before
}

/**
 * Git does not look into a submodule, so what is put there would be lost without a word. A workspace has them empty. Which
 * there are is the tree's to say: what `.gitmodules` says is whatever somebody wrote.
 */
async function insideSubmodules(git: Git, workDir: string, fromTree: string): Promise<Violation[]> {
  const list = await git.bytes(['ls-tree', '-r', '-z', '--full-tree', fromTree], {
    cutAfterBytes: GIT_OUTPUT_BYTES_MAX,
  })
  const found: Violation[] = []
  for (const path of submodulesOf(list)) {
    const inside = await readdir(join(workDir, path)).catch(() => [])
    if (inside.length === 0) continue
    found.push(violation('mode', `\`${path}\` is a submodule, and what was put into it is not delivered.`, path))
  }
  return found
}

/** Looked for as bytes, since of very many files there are few; an entry is `MODE TYPE ID`, a tab and the path. */
function submodulesOf(list: Buffer): string[] {
  const paths: string[] = []
  for (let start = 0; start < list.length && paths.length < SUBMODULES_MAX; ) {
    const end = list.indexOf(0, start)
    // What was cut is a piece of something.
    if (end < 0) break
    if (list.subarray(start, start + SUBMODULE.length).equals(SUBMODULE)) {
      paths.push(list.subarray(list.indexOf('\t', start) + 1, end).toString('utf8'))
    }
    start = end + 1
  }
  return paths
}

interface Listed {
  readonly path: string
  readonly modeBefore: string
  readonly blobBefore: string
  readonly mode: string
  readonly blob: string
  readonly deleted: boolean
}

/** `bytes` of the content as it is now; 0 where there is none. */
interface Entry extends Listed {
  readonly bytes: number
}

/** What a changeset can hold, decided by names, modes and sizes before any content is read. */
function chooseFiles(entries: readonly Entry[], areMore: boolean): { kept: Entry[]; violations: Violation[] } {
  const kept: Entry[] = []
  const violations: Violation[] = []
  const able = entries.filter((entry) => {
    const refused = checkEntry(entry)
    if (refused !== undefined) violations.push(refused)
    return refused === undefined
  })
  if (able.length > CHANGESET_FILES_MAX || areMore) {
    const count = areMore ? `more than ${entries.length}` : able.length
    violations.unshift(violation('files', `The work has ${count} files; at most ${CHANGESET_FILES_MAX} are delivered.`))
  }
  let bytes = 0
  for (const entry of able.slice(0, CHANGESET_FILES_MAX)) {
    bytes += entry.bytes
    if (bytes <= CHANGESET_BYTES_MAX) kept.push(entry)
  }
  if (bytes > CHANGESET_BYTES_MAX) {
    violations.push(violation('bytes', `The work has ${bytes} bytes; at most ${CHANGESET_BYTES_MAX} are delivered.`))
  }
  return { kept, violations: violations.slice(0, VIOLATIONS_MAX) }
}

/** Why a file can't be in a changeset. */
function checkEntry({ path, mode, modeBefore, deleted, bytes }: Entry): Violation | undefined {
  const shown = path.length > PATH_SHOWN_CHARACTERS_MAX ? `${path.slice(0, PATH_SHOWN_CHARACTERS_MAX)}…` : path
  const refused = (rule: string, why: string) => violation(rule, `\`${shown}\` ${why}.`, path)
  if (path.length > CHANGESET_PATH_CHARACTERS_MAX) {
    const most = CHANGESET_PATH_CHARACTERS_MAX
    return refused('path', `is a path of ${path.length} characters; at most ${most} are delivered`)
  }
  if (path.includes('\uFFFD')) return refused('path', 'is a path that is not UTF-8')
  if (modeBefore === '160000') return refused('mode', 'is a submodule, and what became of it is not delivered')
  if (deleted) return undefined
  if (mode === '120000') return refused('mode', 'is a link, which is not delivered')
  if (mode === '160000') return refused('mode', 'is a submodule, which is not delivered')
  if (!['100644', '100755'].includes(mode)) return refused('mode', `is of mode ${mode}, which is not delivered`)
  if (bytes <= CHANGESET_FILE_BYTES_MAX) return undefined
  return refused('bytes', `has ${bytes} bytes; at most ${CHANGESET_FILE_BYTES_MAX} are delivered`)
}

/** The lines that changed in these files, and their patch. */
async function showFiles(git: Git, trees: readonly string[], files: readonly Entry[]) {
  if (files.length === 0) return { lines: parseNumstat(''), patch: '' }
  const these = [...trees, '--', ...files.map((file) => file.path)]
  const show = (...how: string[]) => git.bytes(['--literal-pathspecs', 'diff-tree', '-r', ...how, ...these])
  const lines = parseNumstat((await show('-z', '--numstat')).toString('utf8'))
  try {
    const patch = await show('-p', '--binary', '--full-index')
    return { lines, patch: patch.subarray(0, PATCH_BYTES_MAX).toString('utf8') }
  } catch (error) {
    // What was there before can be too large to show, even where what is there now is not.
    if (error instanceof GitError) return { lines, patch: '' }
    throw error
  }
}

function parseRaw(output: string): Listed[] {
  const fields = output.split('\0')
  // Of a whole list the last field is the empty one behind the last mark; of one that is cut, it is a piece of something.
  fields.pop()
  const entries: Listed[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [modeBefore = '', mode = '', blobBefore = '', blob = '', status = ''] = (fields[at] ?? '').slice(1).split(' ')
    entries.push({ path: fields[at + 1] ?? '', mode, modeBefore, blobBefore, blob, deleted: status === 'D' })
  }
  return entries
}

async function measure(git: Git, entries: readonly Listed[]): Promise<Entry[]> {
  if (entries.length === 0) return []
  const input = entries.map((entry) => `${entry.blob}\n`).join('')
  const sizes = (await git.text(['cat-file', '--batch-check=%(objectsize)'], { input })).split('\n')
  // What is no object here, as a deleted file's new one or a submodule's, is answered with words.
  return entries.map((entry, index) => ({ ...entry, bytes: Number(sizes[index]) || 0 }))
}

/** Binary files count no lines. */
function parseNumstat(output: string): Map<string, { addedLines: number; deletedLines: number }> {
  const counted = new Map<string, { addedLines: number; deletedLines: number }>()
  for (const line of output.split('\0').filter((text) => text !== '')) {
    const [added = '', deleted = '', ...path] = line.split('\t')
    counted.set(path.join('\t'), { addedLines: Number(added) || 0, deletedLines: Number(deleted) || 0 })
  }
  return counted
}

function violation(rule: string, message: string, file?: string): Violation {
  return { reason: 'guard-files', rule, file, message }
}
