/** `purser export`: the whole ledger as lines of JSON, into a file that appears only when it is whole, or to standard output. */
import { once } from 'node:events'
import { lstatSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Exported, exportLedger } from '../../app/database/carry/export.ts'
import type { ExportOptions } from '../commands/export.ts'
import { type ExitCode, endProblem, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { carriedWords, progressOf } from './carried.ts'
import { openLedger } from './ledger.ts'

/** Lines are gathered to this many characters before they are written. */
const CHUNK_CHARACTERS = 256_000

type Write = (text: string) => Promise<void>

export async function exportTo(file: string, { json }: ExportOptions): Promise<ExitCode> {
  if (file === '-' && json) {
    return endWrongUsage('no file, and --json; expected a file; for example: purser export ledger.jsonl --json', json)
  }
  const wrong = file === '-' ? undefined : wrongFile(file)
  if (wrong !== undefined) return endProblem(wrong, json)
  const database = await openLedger()
  if (typeof database === 'string') return endProblem(database, json)
  try {
    const writeAll = (write: Write) => exportBy(database.connectionString, write)
    const exported = await (file === '-' ? writeAll(toStandardOutput) : intoFile(file, writeAll))
    if (json) printJson({ ok: true, file, ...exported })
    else process.stderr.write(words(exported, file))
    return exitCodes.done
  } finally {
    await database.close()
  }
}

/** What is there already is replaced, if it is a file. */
function wrongFile(file: string): string | undefined {
  const parent = dirname(file)
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
    return `${file} would lie in ${parent}, which is no folder; expected one that is there; for example: purser export ledger.jsonl`
  }
  const there = lstatSync(file, { throwIfNoEntry: false })
  if (there === undefined || there.isFile()) return undefined
  return `${file} is there and is no file; expected a new one, or standard output; for example: purser export | gzip > ledger.jsonl.gz`
}

async function exportBy(connectionString: string, write: Write): Promise<Exported> {
  let chunk = ''
  const gather = async (line: string) => {
    chunk += line
    if (chunk.length < CHUNK_CHARACTERS) return
    await write(chunk)
    chunk = ''
  }
  const exported = await exportLedger(connectionString, gather, progressOf('exported'))
  await write(chunk)
  return exported
}

async function toStandardOutput(text: string): Promise<void> {
  // Waiting for the reader keeps memory bounded however large the ledger is.
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** Only its owner may read it: plans and reports hold the repository's code. */
const MODE = 0o600

/** Under its name only once it is whole, so that an older one is never replaced by a half. */
async function intoFile(file: string, writeAll: (write: Write) => Promise<Exported>): Promise<Exported> {
  const partial = `${file}.partial`
  const handle = await open(partial, 'w', MODE)
  try {
    const exported = await writeAll((text) => handle.appendFile(text))
    await handle.sync()
    await handle.close()
    await rename(partial, file)
    return exported
  } catch (error) {
    await handle.close()
    await rm(partial, { force: true })
    throw error
  }
}

function words({ totals, unhandledWebhooks }: Exported, file: string): string {
  const exported = `Exported ${carriedWords(totals)} to ${file === '-' ? 'standard output' : file}.\n`
  if (unhandledWebhooks === 0) return exported
  return (
    `${exported}${unhandledWebhooks === 1 ? '1 received webhook is' : `${unhandledWebhooks} received webhooks are`} not ` +
    'handled yet, and not in it: start the App until it has handled what it received, and export again.\n'
  )
}
