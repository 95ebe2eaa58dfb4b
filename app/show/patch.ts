/** A changeset as git would show it, against what the repository holds, for somebody who is to judge it. */
import { Buffer } from 'node:buffer'
import { formatPatch, type StructuredPatch, structuredPatch } from 'diff'
import { isBinary, linesOf } from '../../core/changes/changed-lines.ts'
import type { ChangedFile, Changeset } from '../../core/changes/changeset.ts'
import { showInvisible } from '../../core/inert.ts'
import { redactor } from '../../core/redact.ts'
import { createTreeReader } from '../../delivery/tree.ts'
import type { Place } from '../subject/place.ts'

/** Files that differ in more lines are shown as taken out and put in whole: finding what they share takes the square of this. */
const EDITS_MAX = 600
const CONTEXT_LINES = 3
const redact = redactor([])

interface Old {
  readonly mode: string
  readonly content: Buffer
}

/** Files are read one after the other until so many characters are there; of those beyond only the names follow. */
export async function patchOf(
  { octokit, name }: Place,
  { baseSha, files }: Changeset,
  charactersMax: number,
): Promise<string> {
  const reader = createTreeReader(octokit, name)
  const base = await reader.treeOf(baseSha)
  const parts: string[] = []
  let characters = 0
  for (const file of files) {
    if (characters > charactersMax) {
      parts.push(`${headed(file)}\n`)
      continue
    }
    const entry = await reader.entryAt(base, file.path)
    const old = entry && { mode: entry.mode, content: await readBlob(entry.sha) }
    const part = redact(showInvisible(filePatch(file, old)))
    parts.push(part)
    characters += part.length
  }
  return parts.join('')

  async function readBlob(sha: string): Promise<Buffer> {
    const { data } = await octokit.rest.git.getBlob({ ...name, file_sha: sha })
    return Buffer.from(data.content, 'base64')
  }
}

function filePatch(file: ChangedFile, old: Old | undefined): string {
  const now = file.contentBase64 === undefined ? undefined : Buffer.from(file.contentBase64, 'base64')
  // A mode that stays as it is is no change to be shown.
  const isSame = old !== undefined && now !== undefined && old.mode === file.mode
  const modes: Partial<StructuredPatch> = {
    isGit: true,
    ...(old === undefined ? { isCreate: true } : !isSame && { oldMode: old.mode }),
    ...(now === undefined ? { isDelete: true } : !isSame && { newMode: file.mode }),
  }
  const [before, after] = [old?.content ?? Buffer.alloc(0), now ?? Buffer.alloc(0)]
  if (isBinary(before.toString('latin1')) || isBinary(after.toString('latin1'))) {
    return `${headed(file)}\nBinary: ${before.length} bytes before, ${after.length} bytes now\n`
  }
  const names = [
    old === undefined ? '/dev/null' : `a/${file.path}`,
    now === undefined ? '/dev/null' : `b/${file.path}`,
  ] as const
  return formatPatch({ ...difference(names, before.toString(), after.toString()), ...modes })
}

function difference([oldFileName, newFileName]: readonly [string, string], before: string, after: string) {
  const options = { context: CONTEXT_LINES, maxEditLength: EDITS_MAX }
  const found = structuredPatch(oldFileName, newFileName, before, after, undefined, undefined, options)
  if (found !== undefined) return found
  const [out, put] = [linesOf(before), linesOf(after)]
  const lines = [
    ...out.map((line) => `-${line.replace(/\n$/, '')}`),
    ...put.map((line) => `+${line.replace(/\n$/, '')}`),
  ]
  const hunk = { oldStart: 1, oldLines: out.length, newStart: 1, newLines: put.length, lines }
  return { oldFileName, newFileName, oldHeader: undefined, newHeader: undefined, hunks: [hunk] }
}

function headed(file: ChangedFile): string {
  return `diff --git a/${file.path} b/${file.path}`
}
