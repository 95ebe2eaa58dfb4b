/** What an export carries of the ledger, and how its sums are taken. */
import { z } from 'zod'

/** In an order in which every row comes after those that it refers to. A test holds that no table is forgotten. */
export const carriedTables = [
  'repository',
  'account',
  'session',
  'rule_set',
  'run',
  'hold',
  'entry',
  'fact',
  'trial',
  'trial_day',
  'trial_subject',
  'portfolio_day',
  'override_day',
  'span',
  'review',
  'checkpoint',
  'promotion',
  'queued',
  'schedule',
  'failure',
  'run_checkpoint',
  'session_event',
  'heard_comment',
  'revert',
  'reading',
] as const
export type CarriedTable = (typeof carriedTables)[number]

/** Tables that stay where they are, and why. */
export const leftBehind = {
  webhook: 'what GitHub sent, with logins in it; it lives briefly, and what is unhandled GitHub can send again',
  redelivery: 'what GitHub was asked to send again; whatever still fails is asked for anew',
  _prisma_migrations: 'each database keeps its own; the header of an export names them',
} as const

/** The columns that are added up, beside the rows of each table. */
const summedColumns: Readonly<Partial<Record<CarriedTable, readonly string[]>>> = {
  account: ['budget', 'spent', 'held', 'overage'],
  run: ['held_micro_usd', 'spent_micro_usd'],
  hold: ['amount'],
  entry: ['budget_change', 'held_change', 'spent_change', 'overage_change'],
}

/** Row counts by table, and sums by table and column; decimal text, since they may pass what a number of JavaScript's holds. */
export const totalsSchema = z.strictObject({
  rows: z.record(z.string(), z.string()),
  sums: z.record(z.string(), z.record(z.string(), z.string())),
})
export type Totals = z.infer<typeof totalsSchema>

type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** The database's own count and sums. */
export async function totalsOf(query: Query): Promise<Totals> {
  const totals: Totals = { rows: {}, sums: {} }
  for (const table of carriedTables) {
    const columns = summedColumns[table] ?? []
    const sums = columns.map((column) => `coalesce(sum("${column}"), 0)::text AS "${column}"`)
    const [row] = await query(`SELECT ${['count(*)::text AS "rows"', ...sums].join(', ')} FROM "${table}"`)
    const { rows, ...summed } = z.record(z.string(), z.string()).parse(row)
    totals.rows[table] = rows ?? '0'
    if (columns.length > 0) totals.sums[table] = summed
  }
  return totals
}

/** What of `expected` is not so, in words: `account.spent is 5, expected 6`. */
export function differencesOf(actual: Totals, expected: Totals): readonly string[] {
  const flat = ({ rows, sums }: Totals) => [
    ...Object.entries(rows).map(([table, count]) => [`rows of ${table}`, count] as const),
    ...Object.entries(sums).flatMap(([table, columns]) =>
      Object.entries(columns).map(([column, sum]) => [`the sum of ${table}.${column}`, sum] as const),
    ),
  ]
  const there = new Map(flat(actual))
  const wanted = new Map(flat(expected))
  return [...new Set([...there.keys(), ...wanted.keys()])]
    .filter((what) => there.get(what) !== wanted.get(what))
    .map((what) => `${what}: ${there.get(what) ?? 'none'}, expected ${wanted.get(what) ?? 'none'}`)
}

/** The migrations that a database has, in the order of their names. */
export async function migrationsIn(query: Query): Promise<readonly string[]> {
  const rows = await query(
    `SELECT migration_name AS name FROM _prisma_migrations
     WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL ORDER BY migration_name COLLATE "C"`,
  )
  return z
    .array(z.object({ name: z.string() }))
    .parse(rows)
    .map(({ name }) => name)
}
