/** Reads the lines of an export and holds them to what an export is; the database comes later. */
import { createHash } from 'node:crypto'
import { FORMAT_VERSION, headerSchema, LINE_BYTES_MAX, rowSchema, trailerSchema } from './lines.ts'
import type { CarriedTable, Totals } from './tables.ts'

/** The file or the ledger is not what an import needs. Nothing was changed. The message says where and what was expected. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused'
  /** Of the file, from 1; undefined where it is not about one. */
  readonly line: number | undefined

  constructor(problem: string, line?: number, options?: ErrorOptions) {
    super(problem, options)
    this.line = line
  }
}

export type Part =
  | { readonly kind: 'header'; readonly line: number; readonly migrations: readonly string[] }
  /** `text` is the whole line, in which amounts stand as they were written. */
  | { readonly kind: 'row'; readonly line: number; readonly table: CarriedTable; readonly text: string }
  /** `intact` says whether the lines before it are byte for byte those that were written. */
  | { readonly kind: 'trailer'; readonly line: number; readonly totals: Totals; readonly intact: boolean }

const ROW_EXPECTED = 'expected a row as `purser export` writes it: {"table":"account","row":{...}}'

/** What comes after the header, which is read already. */
export interface OpenExport {
  readonly migrations: readonly string[]
  readonly parts: AsyncGenerator<Part>
}

/**
 * Reads an export as far as its header; `undefined` stands for a line that was too long to keep. Throws `ImportRefused`,
 * and so do the parts.
 */
export async function openExport(lines: AsyncIterable<string | undefined>): Promise<OpenExport> {
  const parts = readExport(lines)
  const { value: header } = await parts.next()
  if (header?.kind !== 'header') throw new Error('an export begins with its header')
  return { migrations: header.migrations, parts }
}

/** One header first, rows, and one trailer last. */
async function* readExport(lines: AsyncIterable<string | undefined>): AsyncGenerator<Part> {
  const hash = createHash('sha256')
  let line = 0
  let isOver = false
  for await (const text of lines) {
    line += 1
    if (isOver) throw new ImportRefused('there is more after the trailer; expected the file to end there', line)
    if (text === undefined) throw new ImportRefused(`longer than ${LINE_BYTES_MAX} bytes; ${ROW_EXPECTED}`, line)
    const part = line === 1 ? headerOf(text) : partOf(text, line, () => hash.copy().digest('hex'))
    hash.update(`${text}\n`)
    isOver = part.kind === 'trailer'
    yield part
  }
  if (line === 0) throw new ImportRefused('the file is empty; expected what `purser export` writes')
  if (!isOver) throw new ImportRefused('the file ends here; expected its trailer, so it was cut', line)
}

function headerOf(text: string): Part {
  const { data } = headerSchema.safeParse(parsedJson(text))
  if (data !== undefined) return { kind: 'header', line: 1, migrations: data.migrations }
  const expected = `{"purser":"ledger","version":${FORMAT_VERSION},...} as \`purser export\` writes it`
  throw new ImportRefused(`no header of an export that this version of Purser reads; expected ${expected}`, 1)
}

function partOf(text: string, line: number, sha256: () => string): Part {
  const value = parsedJson(text)
  if (value === undefined) throw new ImportRefused(`not JSON, or cut off; ${ROW_EXPECTED}`, line)
  const { data: row } = rowSchema.safeParse(value)
  if (row !== undefined) return { kind: 'row', line, table: row.table, text }
  const { data: trailer } = trailerSchema.safeParse(value)
  if (trailer === undefined) throw new ImportRefused(`no row of the ledger; ${ROW_EXPECTED}`, line)
  const { rows, sums } = trailer
  return { kind: 'trailer', line, totals: { rows, sums }, intact: trailer.sha256 === sha256() }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
