/** Writes the whole ledger as lines, as it is at one moment. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { inSnapshot, type Snapshot } from '../snapshot.ts'
import { FORMAT_VERSION } from './lines.ts'
import { type CarriedTable, carriedTables, migrationsIn, type Totals, totalsOf } from './tables.ts'

const ROWS_AT_ONCE = 1_000
/** Of tables whose rows hold documents, which may be megabytes. */
const DOCUMENTS_AT_ONCE = 10

export interface Exported {
  readonly totals: Totals
  /** Webhooks that no handler has seen; they are not part of an export. */
  readonly unhandledWebhooks: number
}

/** `write` gets one line after the other, with its line feed, and is waited for; `onRow` is told after each row. */
export async function exportLedger(
  connectionString: string,
  write: (line: string) => Promise<void>,
  onRow: () => void = () => {},
): Promise<Exported> {
  return inSnapshot(connectionString, async (snapshot) => {
    const hash = createHash('sha256')
    const writeHashed = async (line: string) => {
      hash.update(line)
      await write(line)
    }
    const header = { purser: 'ledger', version: FORMAT_VERSION, migrations: await migrationsIn(snapshot.query) }
    await writeHashed(`${JSON.stringify(header)}\n`)
    for (const table of carriedTables) {
      for await (const row of rowsOf(snapshot, table)) {
        await writeHashed(`{"table":"${table}","row":${row}}\n`)
        onRow()
      }
    }
    const totals = await totalsOf(snapshot.query)
    await write(`${JSON.stringify({ end: 'ledger', ...totals, sha256: hash.digest('hex') })}\n`)
    return { totals, unhandledWebhooks: await countUnhandled(snapshot) }
  })
}

const jsonRow = z.object({ row: z.string() })

/** In the order of the primary key, by code points: the same on every server, whatever its language. */
async function* rowsOf(snapshot: Snapshot, table: CarriedTable): AsyncGenerator<string> {
  const { order, hasDocuments } = await shapeOf(snapshot, table)
  const sql = `SELECT to_jsonb(t)::text AS row FROM (SELECT * FROM "${table}" ORDER BY ${order} OFFSET 0) t`
  for await (const row of snapshot.stream(sql, hasDocuments ? DOCUMENTS_AT_ONCE : ROWS_AT_ONCE)) {
    yield jsonRow.parse(row).row
  }
}

const shapeRow = z.object({ order: z.string(), hasDocuments: z.boolean() })

async function shapeOf(snapshot: Snapshot, table: CarriedTable): Promise<z.infer<typeof shapeRow>> {
  const [row] = await snapshot.query(
    `SELECT string_agg(
         quote_ident(a.attname) || CASE WHEN a.attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END,
         ', ' ORDER BY array_position(i.indkey::int2[], a.attnum)) AS order,
       EXISTS (SELECT FROM pg_attribute d WHERE d.attrelid = i.indrelid AND d.atttypid IN ('jsonb'::regtype, 'json'::regtype)) AS "hasDocuments"
     FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey::int2[])
     WHERE i.indrelid = $1::regclass AND i.indisprimary GROUP BY i.indrelid`,
    [table],
  )
  return shapeRow.parse(row)
}

async function countUnhandled(snapshot: Snapshot): Promise<number> {
  const [row] = await snapshot.query('SELECT count(*)::int AS count FROM webhook WHERE handled_at IS NULL')
  return z.object({ count: z.number() }).parse(row).count
}
