/** The tools that look at and change files: `read`, `list`, `edit`, `write`. */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod/mini'
import { listedName } from '../../core/one-line.ts'
import { PAGE_LINES_MAX, readPage } from './page.ts'
import { placeBelow } from './path.ts'
import { defineTool } from './tool.ts'

/** Of a file that is paged through; reading over this much takes a fraction of a second. */
const PAGED_BYTES_MAX = 64_000_000
/** Of a file that is taken into memory to be edited. */
const EDITED_BYTES_MAX = 4_000_000
const LIST_ENTRIES_MAX = 300
/** Beyond so many a directory is not looked at further. */
const LIST_SCANNED_MAX = 20_000
const WRITE_CHARACTERS_MAX = 400_000
const READ_ONLY = 'error: the workspace is read-only for this agent'

const path = z.string().check(z.minLength(1), z.maxLength(1000))
const fromOne = z.int().check(z.minimum(1))

export const readTool = defineTool(
  'Read lines of a text file',
  () => z.strictObject({ path, from: z.optional(fromOne), lines: z.optional(fromOne) }),
  async (written, place) => {
    const output = /^output:(\d{1,6})$/.exec(written.path)
    const found = output
      ? { path: place.sandbox.outputFile(Number(output[1])) }
      : await placeBelow(place.workDir, written.path)
    if ('problem' in found) return found.problem
    const opened = await openText(found.path, PAGED_BYTES_MAX)
    if ('problem' in opened) return `error: ${written.path} ${opened.problem}`
    try {
      return await readPage(opened.file, written.from ?? 1, written.lines ?? PAGE_LINES_MAX)
    } finally {
      await opened.file.close()
    }
  },
  'only reads',
)

export const listTool = defineTool(
  'List a directory',
  () => z.strictObject({ path: z.optional(path) }),
  async (written, place) => {
    const found = await placeBelow(place.workDir, written.path ?? '.')
    if ('problem' in found) return found.problem
    const names = await namesIn(found.path)
    if (names === undefined) return `error: ${written.path ?? '.'} is not a directory`
    const shown = names.slice(0, LIST_ENTRIES_MAX).map(listedName).join('\n')
    if (names.length > LIST_SCANNED_MAX) return `${shown}\n[... more than ${LIST_SCANNED_MAX} entries ...]`
    if (names.length > LIST_ENTRIES_MAX) return `${shown}\n[... ${names.length} entries in all ...]`
    return shown === '' ? '[empty]' : shown
  },
  'only reads',
)

/** Sorted, directories with a slash; one more than `LIST_SCANNED_MAX` where there are more. */
async function namesIn(path: string): Promise<string[] | undefined> {
  const names: string[] = []
  try {
    for await (const entry of await opendir(path)) {
      names.push(entry.isDirectory() ? `${entry.name}/` : entry.name)
      if (names.length > LIST_SCANNED_MAX) break
    }
  } catch {
    return undefined
  }
  return names.sort()
}

export const editTool = defineTool(
  'Replace text that occurs exactly once in a file',
  () =>
    z.strictObject({
      path,
      old: z.string().check(z.minLength(1), z.maxLength(WRITE_CHARACTERS_MAX)),
      new: z.string().check(z.maxLength(WRITE_CHARACTERS_MAX)),
    }),
  async (written, place) => {
    if (!place.reach.write) return READ_ONLY
    const found = await placeBelow(place.workDir, written.path)
    if ('problem' in found) return found.problem
    const text = await readText(found.path)
    if ('problem' in text) return `error: ${written.path} ${text.problem}`
    const first = text.text.indexOf(written.old)
    if (first < 0) return 'error: the old text is not in the file; read it again and copy it exactly'
    if (text.text.includes(written.old, first + 1))
      return 'error: the old text is there more than once; take more lines around it'
    const changed = `${text.text.slice(0, first)}${written.new}${text.text.slice(first + written.old.length)}`
    return writeText(found.path, changed)
  },
  'changes',
)

export const writeTool = defineTool(
  'Create a file or replace its whole content',
  () => z.strictObject({ path, content: z.string().check(z.maxLength(WRITE_CHARACTERS_MAX)) }),
  async (written, place) => {
    if (!place.reach.write) return READ_ONLY
    const found = await placeBelow(place.workDir, written.path)
    if ('problem' in found) return found.problem
    return writeText(found.path, written.content)
  },
  'changes',
)

/** Opens without waiting or following a link, so that a pipe or a device planted in the workspace can't hold us up. */
async function openText(path: string, bytesMax: number): Promise<{ file: FileHandle } | { problem: string }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(() => undefined)
  if (file === undefined) return { problem: 'is not there or can’t be read' }
  const about = await file.stat()
  if (about.isFile() && about.size <= bytesMax) return { file }
  await file.close()
  return { problem: about.isFile() ? `has ${about.size} bytes, too many to read; use search or run` : 'is not a file' }
}

async function readText(path: string): Promise<{ text: string } | { problem: string }> {
  const opened = await openText(path, EDITED_BYTES_MAX)
  if ('problem' in opened) return opened
  try {
    const bytes = await opened.file.readFile()
    if (bytes.includes(0)) return { problem: 'is not a text file' }
    // Bytes that are replaced while reading would be lost when the file is written again.
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { problem: 'is not UTF-8 text; change it with run' }
  } finally {
    await opened.file.close()
  }
}

async function writeText(file: string, text: string): Promise<string> {
  try {
    const there = await stat(file).catch(() => undefined)
    if (there !== undefined && !there.isFile()) return 'error: that is not a file'
    await mkdir(dirname(file), { recursive: true })
    const handle = await open(
      file,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK | constants.O_NOFOLLOW,
      0o644,
    )
    await handle.writeFile(text).finally(() => handle.close())
    return 'ok'
  } catch (error) {
    return `error: it could not be written (${error instanceof Error && 'code' in error ? error.code : 'unknown'})`
  }
}

/** Where the whole output of a command is, as `read` takes it. */
export function outputPath(number: number): string {
  return `output:${number}`
}
