/** `purser import`: what `purser export` wrote, into an empty ledger. */
import { open } from 'node:fs/promises'
import { checkMigrations, importLedger } from '../../app/database/carry/import.ts'
import { LINE_BYTES_MAX } from '../../app/database/carry/lines.ts'
import { ImportRefused, type OpenExport, openExport } from '../../app/database/carry/read.ts'
import type { Totals } from '../../app/database/carry/tables.ts'
import { readMigrations } from '../../app/database/migrate.ts'
import type { ImportOptions } from '../commands/import.ts'
import { type ExitCode, endProblem, exitCodes, printJson } from '../exit.ts'
import { linesOf } from '../lines.ts'
import { carriedWords, progressOf } from './carried.ts'
import { ledgerInUse, openLedger } from './ledger.ts'

export async function importFrom(file: string, { json }: ImportOptions): Promise<ExitCode> {
  const stream = file === '-' ? process.stdin : await opened(file)
  if (typeof stream === 'string') return endProblem(stream, json)
  try {
    const totals = await intoLedger(await openExport(linesOf(stream, LINE_BYTES_MAX)))
    if (typeof totals === 'string') return endProblem(totals, json)
    if (json) printJson({ ok: true, file, totals })
    else process.stdout.write(`Imported ${carriedWords(totals)} into ${ledgerInUse()}; counts and sums agree.\n`)
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof ImportRefused)) throw error
    const where = error.line === undefined ? '' : `${file === '-' ? 'standard input' : file}:${error.line}: `
    return endProblem(`${where}${error.message}. Nothing was imported.`, json)
  }
}

/** Or what is in the way. What is no export, or another version's, makes no ledger. */
async function intoLedger(opened: OpenExport): Promise<Totals | string> {
  try {
    checkMigrations(
      opened.migrations,
      (await readMigrations()).map(({ name }) => name),
    )
    const database = await openLedger({ create: true })
    if (typeof database === 'string') return database
    try {
      return await importLedger(database.connectionString, opened, progressOf('read'))
    } finally {
      await database.close()
    }
  } finally {
    // Lets go of the file, or of whoever still writes to standard input.
    await opened.parts.return(undefined)
  }
}

/** Before a ledger is opened or created for it. */
async function opened(file: string): Promise<AsyncIterable<Buffer> | string> {
  try {
    const handle = await open(file)
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream()
    await handle.close()
    return wrongFile(file, 'is a folder')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? WRONG_FILE[String(error.code)] : undefined
    if (why === undefined) throw error
    return wrongFile(file, why)
  }
}

function wrongFile(file: string, why: string): string {
  return `${file} ${why}; expected a file that \`purser export\` wrote.`
}

const WRONG_FILE: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read by this user',
}
