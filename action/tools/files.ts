/** The tools that look at and change files: `read`, `list`, `edit`, `write`. */
import { constants } from 'node:fs'
import { mkdir, open, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod/mini'
import { placeBelow } from './path.ts'
import { defineTool } from './tool.ts'

/** A page of `read`. */
const READ_LINES_MAX = 250
const READ_CHARACTERS_MAX = 16_000
const FILE_BYTES_MAX = 4_000_000
const OUTPUT_BYTES_MAX = 20_000_000
const LIST_ENTRIES_MAX = 300
const WRITE_CHARACTERS_MAX = 400_000

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
    const text = await readText(found.path, output ? OUTPUT_BYTES_MAX : FILE_BYTES_MAX)
    if ('problem' in text) return `error: ${written.path} ${text.problem}`
    return page(text.text, written.from ?? 1, written.lines ?? READ_LINES_MAX)
  },
)

export const listTool = defineTool(
  'List a directory',
  () => z.strictObject({ path: z.optional(path) }),
  async (written, place) => {
    const found = await placeBelow(place.workDir, written.path ?? '.')
    if ('problem' in found) return found.problem
    const entries = await readdir(found.path, { withFileTypes: true }).catch(() => undefined)
    if (entries === undefined) return `error: ${written.path ?? '.'} is not a directory`
    const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort()
    const shown = names.slice(0, LIST_ENTRIES_MAX).join('\n')
    if (names.length > LIST_ENTRIES_MAX) return `${shown}\n[... ${names.length} entries in all ...]`
    return shown === '' ? '[empty]' : shown
  },
)

export const editTool = defineTool(
  'Replace text that occurs exactly once in a file',
  () =>
    z.strictObject({
      path,
      old: z.string().check(z.minLength(1), z.maxLength(WRITE_CHARACTERS_MAX)),
      new: z.string().check(z.maxLength(WRITE_CHARACTERS_MAX)),
    }),
  async (written, place) => {
    const found = await placeBelow(place.workDir, written.path)
    if ('problem' in found) return found.problem
    const text = await readText(found.path, FILE_BYTES_MAX)
    if ('problem' in text) return `error: ${written.path} ${text.problem}`
    const first = text.text.indexOf(written.old)
    if (first < 0) return 'error: the old text is not in the file; read it again and copy it exactly'
    if (text.text.includes(written.old, first + 1))
      return 'error: the old text is there more than once; take more lines around it'
    const changed = `${text.text.slice(0, first)}${written.new}${text.text.slice(first + written.old.length)}`
    return writeText(found.path, changed)
  },
)

export const writeTool = defineTool(
  'Create a file or replace its whole content',
  () => z.strictObject({ path, content: z.string().check(z.maxLength(WRITE_CHARACTERS_MAX)) }),
  async (written, place) => {
    const found = await placeBelow(place.workDir, written.path)
    if ('problem' in found) return found.problem
    return writeText(found.path, written.content)
  },
)

/** Opens without waiting or following a link, so that a pipe or a device planted in the workspace can't hold us up. */
async function readText(file: string, bytesMax: number): Promise<{ text: string } | { problem: string }> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(
    () => undefined,
  )
  if (handle === undefined) return { problem: 'is not there or can’t be read' }
  try {
    const about = await handle.stat()
    if (!about.isFile()) return { problem: 'is not a file' }
    if (about.size > bytesMax) return { problem: `has ${about.size} bytes, too many to read; use search or run` }
    const bytes = await handle.readFile()
    if (bytes.includes(0)) return { problem: 'is not a text file' }
    return { text: bytes.toString('utf8') }
  } finally {
    await handle.close()
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

function page(text: string, from: number, lines: number): string {
  const all = text.split('\n')
  if (all.at(-1) === '') all.pop()
  const wanted = all.slice(from - 1, from - 1 + Math.min(lines, READ_LINES_MAX)).join('\n')
  const shown = wanted.slice(0, READ_CHARACTERS_MAX)
  const last = from - 1 + shown.split('\n').length
  const cut = shown.length < wanted.length || last < all.length
  if (all.length === 0) return '[empty]'
  if (from > all.length) return `error: the file has ${all.length} lines`
  return cut ? `${shown}\n[lines ${from} to ${last} of ${all.length}]` : shown
}

/** Where the whole output of a command is, as `read` takes it. */
export function outputPath(number: number): string {
  return `output:${number}`
}
