/**
 * What a run spends, in a file before it happens: one JSON line for each call before it is sent and one after it is
 * answered. What is written outlives the process, and when that dies, `post` settles from here: a call without an
 * answer is billed at its reservation. Nothing waits for the disk, since with the machine `post` would be gone as well;
 * then the App posts what was drawn.
 */
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod/mini'
import { type Call, callSchema } from '../../core/money/call.ts'
import { writeWhole } from '../write-whole.ts'

export const JOURNAL = 'journal.jsonl'
const JOURNAL_BYTES_MAX = 16_000_000

const reservedSchema = z.object({
  kind: z.literal('reserved'),
  call: callSchema,
})
const answeredSchema = z.object({ kind: z.literal('answered'), call: callSchema })
const lineSchema = z.discriminatedUnion('kind', [reservedSchema, answeredSchema])

export function journalPath(baseDir: string): string {
  return join(baseDir, JOURNAL)
}

export interface Journal {
  /** `call` as it will count if nothing more is heard of it: usage unknown, spent what is reserved. Throws where it can't be kept whole. */
  reserved(call: Call): void
  answered(call: Call): void
  close(): void
}

export function openJournal(path: string): Journal {
  const file = openSync(path, 'a', 0o600)
  const write = (kind: 'reserved' | 'answered', call: Call) => {
    // Its end of line comes first: a line before it that was cut off must not swallow it.
    writeWhole(file, Buffer.from(`\n${JSON.stringify(z.encode(lineSchema, { kind, call }))}`))
  }
  return {
    reserved: (call) => write('reserved', call),
    answered: (call) => write('answered', call),
    close: () => closeSync(file),
  }
}

/** Before the first call can be sent, so that an empty journal says that none was, and a missing one says nothing. */
export function createJournal(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
}

/**
 * The calls of a journal, each as it was last heard of; undefined where the journal is lost. A torn last line, which was
 * never acted upon, is left out.
 */
export function readJournal(path: string): Call[] | undefined {
  const calls = new Map<number, Call>()
  if (!existsSync(path)) return undefined
  for (const line of readFileSync(path, 'utf8').slice(0, JOURNAL_BYTES_MAX).split('\n')) {
    const parsed = parseLine(line)
    if (parsed !== undefined) calls.set(parsed.call.id, parsed.call)
  }
  return [...calls.values()].sort((a, b) => a.id - b.id)
}

function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return z.decode(lineSchema, JSON.parse(line))
  } catch {
    return undefined
  }
}
