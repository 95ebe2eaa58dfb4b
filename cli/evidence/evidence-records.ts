/** Reading runs from lines of JSON: bounded by the runs of the one family, however many others there are. */
import { open } from 'node:fs/promises'
import type { z } from 'zod'
import { grouped } from '../../core/money/money.ts'
import { type RunRecord, runRecordSchema, sameRecord } from '../../core/run/run-record.ts'
import { linesOf } from '../lines.ts'

/** A record has a dozen short words. */
const LINE_BYTES_MAX = 16_384
const PROBLEMS_SHOWN_MAX = 20
/** Families named to somebody who asked for one that isn't there. */
const FAMILIES_KEPT_MAX = 100

export interface ReadRuns {
  readonly records: Iterable<RunRecord>
  /** Some of the families that were met. */
  readonly families: ReadonlySet<string>
}

/** All that is wrong, or the runs of a family. `file` is `-` for standard input. */
export async function readRuns(file: string, family: string): Promise<ReadRuns | { readonly problem: string }> {
  const stream = file === '-' ? process.stdin : await opened(file)
  if (typeof stream === 'string') return { problem: stream }
  const reading = new Reading(file === '-' ? 'standard input' : file, family)
  for await (const line of linesOf(stream, LINE_BYTES_MAX)) reading.take(line)
  return reading.end()
}

async function opened(file: string): Promise<AsyncIterable<Buffer> | string> {
  const expected = 'expected a file with one run a line; for example one that `purser evidence --save` wrote'
  try {
    const handle = await open(file)
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream()
    await handle.close()
    return `${file} is a folder; ${expected}`
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return `${file} is not there; ${expected}`
    if (code === 'EACCES') return `${file} may not be read by this user; ${expected}`
    throw error
  }
}

/** A run of the family and the line that it was first told on. */
interface Told {
  readonly record: RunRecord
  readonly line: number
}

class Reading {
  readonly #file: string
  readonly #family: string
  readonly #told = new Map<string, Told>()
  readonly #families = new Set<string>()
  /** The same word in many lines is kept once. */
  readonly #words = new Map<string, string>()
  readonly #problems: string[] = []
  #problemCount = 0
  #line = 0

  constructor(file: string, family: string) {
    this.#file = file
    this.#family = family
  }

  /** `undefined` stands for a line that was too long to keep. */
  take(text: string | undefined): void {
    this.#line += 1
    const problem = this.#read(text)
    if (problem === undefined) return
    this.#problemCount += 1
    if (this.#problems.length < PROBLEMS_SHOWN_MAX) this.#problems.push(`${this.#file}:${this.#line}: ${problem}`)
  }

  #read(text: string | undefined): string | undefined {
    if (text === undefined) return `longer than ${grouped(LINE_BYTES_MAX)} bytes; expected one run`
    if (text.trim() === '') return undefined
    const value = parsed(text)
    if (value === undefined) return 'not JSON; expected one object; for example {"run":"r1", …}'
    const { success, data, error } = runRecordSchema.safeParse(value)
    if (!success) return error.issues.map(words).join('; and ')
    if (this.#families.size < FAMILIES_KEPT_MAX) this.#families.add(data.family)
    return data.family === this.#family ? this.#keep(data) : undefined
  }

  end(): ReadRuns | { readonly problem: string } {
    if (this.#problemCount === 0) return { records: this.#records(), families: this.#families }
    const left = this.#problemCount - this.#problems.length
    return { problem: [...this.#problems, ...(left > 0 ? [`and ${grouped(left)} more lines`] : [])].join('\n') }
  }

  *#records(): Generator<RunRecord> {
    for (const { record } of this.#told.values()) yield record
  }

  /** The same said twice is said once; two different things are not for us to choose from. */
  #keep(record: RunRecord): string | undefined {
    const before = this.#told.get(record.run)
    if (before === undefined) this.#told.set(record.run, { record: this.#shared(record), line: this.#line })
    if (before === undefined || sameRecord(before.record, record)) return undefined
    return `run: ${record.run} is on line ${before.line} too, and says something else; expected each run once`
  }

  #shared(record: RunRecord): RunRecord {
    return {
      ...record,
      family: this.#word(record.family),
      variant: record.variant === null ? null : this.#word(record.variant),
      portfolio: this.#word(record.portfolio),
      squad: record.squad === null ? null : this.#word(record.squad),
      subject: this.#word(record.subject),
    }
  }

  #word(text: string): string {
    const known = this.#words.get(text)
    if (known === undefined) this.#words.set(text, text)
    return known ?? text
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const examples: Readonly<Record<string, string>> = {
  run: '"r1"',
  family: '"refactor+tests"',
  variant: '"tests-first", or null for the baseline',
  portfolio: '"refactoring"',
  squad: '"payments", or null',
  subject: '"pull-request:12"',
  conclusion: '"completed"',
  outcome: '"accepted"',
  reverted: 'false',
  assigned: 'false',
}

function words({ path, message }: z.core.$ZodIssue): string {
  const key = path.map(String).join('.')
  const plain = message.startsWith('Invalid ') ? message.replace(/^Invalid \w+: (\w)/, '$1') : message
  const example = key in examples ? `; for example ${examples[key]}` : ''
  return `${key === '' ? '' : `${key}: `}${plain}${example}`
}
