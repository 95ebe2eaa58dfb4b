/** The work as data: what differs between the workspace as it was handed over and as it is now. */
import {
  CHANGESET_BYTES_MAX,
  CHANGESET_FILE_BYTES_MAX,
  CHANGESET_FILES_MAX,
  type ChangedFile,
  type Changeset,
} from '../core/changeset.ts'
import type { Violation } from '../core/guard.ts'
import type { Git } from './git.ts'
import { snapshotTree } from './snapshot.ts'

/** A patch is for reading; the files themselves are in the changeset. */
export const PATCH_BYTES_MAX = 2_000_000

export interface Work {
  readonly changeset: Changeset
  /** What can't be in a changeset at all: links, submodules, too many or too large files. */
  readonly violations: readonly Violation[]
  /** Readable and appliable, cut at `PATCH_BYTES_MAX`. */
  readonly patch: string
}

/** `fromTree`: the workspace as the first step found it; `baseSha`: the commit that the work is applied to. */
export async function collectWork(git: Git, workDir: string, fromTree: string, baseSha: string): Promise<Work> {
  const toTree = await snapshotTree(git, workDir)
  const trees = ['--no-renames', '--no-ext-diff', '--no-textconv', fromTree, toTree]
  const entries = parseRaw(await git.text(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', ...trees]))
  const lines = parseNumstat(await git.text(['diff-tree', '-r', '-z', '--numstat', ...trees]))
  const plain = entries.filter((entry) => entry.deleted || isPlain(entry.mode))
  const violations = entries.filter((entry) => !entry.deleted && !isPlain(entry.mode)).map(notPlain)
  const kept = plain.slice(0, CHANGESET_FILES_MAX)
  if (plain.length > kept.length) {
    violations.push(tooLarge(`The work has ${plain.length} files; at most ${CHANGESET_FILES_MAX} are delivered.`))
  }
  const files: ChangedFile[] = []
  let total = 0
  for (const entry of kept) {
    const counted = lines.get(entry.path) ?? { addedLines: 0, deletedLines: 0 }
    if (entry.deleted) {
      files.push({ path: entry.path, mode: '100644', ...counted })
      continue
    }
    const bytes = Number(await git.text(['cat-file', '-s', entry.blob]))
    total += bytes
    if (bytes > CHANGESET_FILE_BYTES_MAX) {
      const message = `\`${entry.path}\` has ${bytes} bytes; at most ${CHANGESET_FILE_BYTES_MAX} are delivered.`
      violations.push(tooLarge(message, entry.path))
      continue
    }
    if (total > CHANGESET_BYTES_MAX) {
      violations.push(
        tooLarge(`The work has more than ${CHANGESET_BYTES_MAX} bytes, which is the most that is delivered.`),
      )
      break
    }
    const content = await git.bytes(['cat-file', 'blob', entry.blob])
    const mode = entry.mode === '100755' ? '100755' : '100644'
    files.push({ path: entry.path, mode, contentBase64: content.toString('base64'), ...counted })
  }
  const patch = await git.bytes(['diff-tree', '-r', '-p', '--binary', '--full-index', ...trees])
  return { changeset: { baseSha, files }, violations, patch: patch.subarray(0, PATCH_BYTES_MAX).toString('utf8') }
}

interface Entry {
  readonly path: string
  readonly mode: string
  readonly blob: string
  readonly deleted: boolean
}

function parseRaw(output: string): Entry[] {
  const fields = output.split('\0')
  const entries: Entry[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , blob = '', status = ''] = (fields[at] ?? '').slice(1).split(' ')
    entries.push({ path: fields[at + 1] ?? '', mode, blob, deleted: status === 'D' })
  }
  return entries
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

function isPlain(mode: string): boolean {
  return mode === '100644' || mode === '100755'
}

function notPlain(entry: Entry): Violation {
  const kind = entry.mode === '120000' ? 'a link' : entry.mode === '160000' ? 'a submodule' : `of mode ${entry.mode}`
  return {
    reason: 'guard-files',
    rule: 'mode',
    file: entry.path,
    message: `\`${entry.path}\` is ${kind}, which is not delivered.`,
  }
}

function tooLarge(message: string, file?: string): Violation {
  return { reason: 'guard-files', rule: 'bytes', file, message }
}
