/** Puts an export into an empty ledger: all of it, with its sums compared, or nothing. */
import pg from 'pg'
import { z } from 'zod'
import { ImportRefused, type OpenExport, type Part } from './read.ts'
import { type CarriedTable, carriedTables, differencesOf, migrationsIn, type Totals, totalsOf } from './tables.ts'

const BATCH_ROWS_MAX = 500
const BATCH_CHARACTERS_MAX = 4_000_000
/** How long to wait for others to let go of the tables. */
const LOCK_TIMEOUT_MS = 10_000
const DIFFERENCES_SHOWN_MAX = 5

const QUOTED_TABLES = carriedTables.map((table) => `"${table}"`).join(', ')

/**
 * Imports an export; `onRow` is told after each row. All in one transaction: `ImportRefused`, or whatever else is thrown,
 * leaves the ledger as it was.
 */
export async function importLedger(
  connectionString: string,
  opened: OpenExport,
  onRow: () => void = () => {},
): Promise<Totals> {
  const client = new pg.Client({ connectionString, lock_timeout: LOCK_TIMEOUT_MS })
  // Whoever waits for an answer is told; as an event that nobody hears it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('BEGIN')
    const totals = await putAll(client, opened, onRow)
    await client.query('COMMIT')
    // A server gathers statistics by itself, some time; PGlite never does, and without them plans are poor.
    await client.query(`ANALYZE ${QUOTED_TABLES}`)
    return totals
  } finally {
    // Ends the transaction too, where something threw.
    await client.end()
  }
}

async function putAll(client: pg.Client, { migrations, parts }: OpenExport, onRow: () => void): Promise<Totals> {
  const query = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows
  checkMigrations(migrations, await migrationsIn(query))
  await takeEmptyTables(client, query)
  let batch: Row[] = []
  let characters = 0
  let totals: Totals = { rows: {}, sums: {} }
  for await (const part of parts) {
    if (part.kind !== 'row' || characters > BATCH_CHARACTERS_MAX || isFull(batch, part)) {
      await insert(client, batch)
      batch = []
      characters = 0
    }
    switch (part.kind) {
      case 'row':
        batch.push(part)
        characters += part.text.length
        onRow()
        break
      case 'trailer':
        await setSequences(query)
        await checkReferences(query, part.line)
        totals = await totalsOf(query)
        checkTotals(totals, part)
    }
  }
  return totals
}

type Query = (sql: string) => Promise<Record<string, unknown>[]>
type Row = Extract<Part, { kind: 'row' }>

/** Throws `ImportRefused` where the export was made by tables that are not this ledger's. */
export function checkMigrations(theirs: readonly string[], own: readonly string[]): void {
  const lacking = theirs.filter((name) => !own.includes(name))
  const more = own.filter((name) => !theirs.includes(name))
  if (lacking.length === 0 && more.length === 0) return
  const parts = [
    ...(lacking.length > 0 ? [`this one lacks ${lacking.join(', ')}`] : []),
    ...(more.length > 0 ? [`the export lacks ${more.join(', ')}`] : []),
  ]
  throw new ImportRefused(
    `the export was made by another version of Purser: ${parts.join('; ')}; expected the same migrations. ` +
      'Export and import by the same version',
    1,
  )
}

const LOCK_NOT_AVAILABLE = '55P03'

/** Nobody else writes until the import is over; readers go on. */
async function takeEmptyTables(client: pg.Client, query: Query): Promise<void> {
  try {
    await client.query(`LOCK TABLE ${QUOTED_TABLES} IN SHARE ROW EXCLUSIVE MODE`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== LOCK_NOT_AVAILABLE) throw error
    const problem = 'somebody else is writing to the ledger; expected no App to be using it. Stop it and try again'
    throw new ImportRefused(problem, undefined, { cause: error })
  }
  const { rows } = await totalsOf(query)
  const filled = carriedTables.filter((table) => rows[table] !== '0').map((table) => `${rows[table]} of ${table}`)
  if (filled.length === 0) return
  throw new ImportRefused(
    `the ledger holds rows already (${filled.join(', ')}); expected an empty one, since two ledgers are never mixed. ` +
      'Name a new database or another folder',
  )
}

function isFull(batch: readonly Row[], next: Row): boolean {
  const [first] = batch
  return first !== undefined && (first.table !== next.table || batch.length >= BATCH_ROWS_MAX)
}

/** By one statement, or, where that fails, one row at a time to find the one that is wrong. */
async function insert(client: pg.Client, batch: readonly Row[]): Promise<void> {
  const [first] = batch
  if (first === undefined) return
  await client.query('SAVEPOINT batch')
  try {
    await client.query(insertInto(first.table), [arrayOf(batch)])
    await client.query('RELEASE SAVEPOINT batch')
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    await client.query('ROLLBACK TO SAVEPOINT batch')
    for (const row of batch) await insertAlone(client, row)
    throw error
  }
}

async function insertAlone(client: pg.Client, row: Row): Promise<void> {
  try {
    await client.query(insertInto(row.table), [arrayOf([row])])
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const problem = `PostgreSQL refuses this row of ${row.table}: ${error.message}; expected it as it was exported`
    throw new ImportRefused(problem, row.line, { cause: error })
  }
}

function arrayOf(batch: readonly Row[]): string {
  return `[${batch.map(({ text }) => text).join(',')}]`
}

function insertInto(table: CarriedTable): string {
  return `INSERT INTO "${table}" SELECT filled.* FROM jsonb_array_elements($1::jsonb) AS line,
    LATERAL jsonb_populate_record(NULL::"${table}", line -> 'row') AS filled`
}

const sequenceRows = z.array(z.object({ sequence: z.string(), table: z.string(), column: z.string() }))

/** New rows go on after the imported ones. */
async function setSequences(query: Query): Promise<void> {
  const rows = await query(
    `SELECT quote_ident(s.relname) AS sequence, t.relname AS table, quote_ident(a.attname) AS column
     FROM pg_class s
     JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
     JOIN pg_class t ON t.oid = d.refobjid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     WHERE s.relkind = 'S' AND pg_table_is_visible(t.oid)`,
  )
  for (const { sequence, table, column } of sequenceRows.parse(rows)) {
    if (!carriedTables.some((carried) => carried === table)) continue
    await query(`SELECT setval('${sequence}', max(${column})) FROM "${table}" HAVING max(${column}) IS NOT NULL`)
  }
}

/** What no foreign key holds, for the ledger's speed (docs/decisions/ledger-writes.md). */
const references: readonly [table: CarriedTable, column: string, to: CarriedTable][] = [
  ['session', 'repository_id', 'repository'],
  ['run', 'repository_id', 'repository'],
  ['hold', 'run_id', 'run'],
  ['entry', 'run_id', 'run'],
]

async function checkReferences(query: Query, line: number): Promise<void> {
  for (const [table, column, to] of references) {
    const [orphan] = await query(
      `SELECT ${column}::text AS id FROM "${table}" AS child
       WHERE ${column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "${to}" WHERE id = child.${column}) LIMIT 1`,
    )
    if (orphan === undefined) continue
    const problem = `a row of ${table} names the ${to} ${orphan.id}, which is not there; expected all that was exported`
    throw new ImportRefused(problem, line)
  }
}

function checkTotals(actual: Totals, trailer: Extract<Part, { kind: 'trailer' }>): void {
  const differences = differencesOf(actual, trailer.totals)
  if (trailer.intact && differences.length === 0) return
  const shown = differences.slice(0, DIFFERENCES_SHOWN_MAX)
  const more = differences.length > shown.length ? [`and ${differences.length - shown.length} more`] : []
  const problem = trailer.intact
    ? 'what was imported is not what was exported'
    : 'the lines before the trailer are not those that were exported, by their SHA-256'
  throw new ImportRefused([problem, ...shown, ...more].join('; '), trailer.line)
}
