/** What an export and an import say of the rows they carry. */
import type { Totals } from '../../app/database/carry/tables.ts'
import { grouped } from '../../core/money/money.ts'

const ROWS_BETWEEN = 100_000

/** `12 accounts, 4,310 entries, 5,012 rows in all`. */
export function carriedWords({ rows }: Totals): string {
  const all = Object.values(rows).reduce((sum, count) => sum + BigInt(count), 0n)
  const counted = (table: string, one: string, many: string) =>
    `${grouped(BigInt(rows[table] ?? 0))} ${rows[table] === '1' ? one : many}`
  return `${counted('account', 'account', 'accounts')}, ${counted('entry', 'entry', 'entries')}, ${grouped(all)} rows in all,`
}

/** Says on standard error how far it is, now and then; a short one says nothing. */
export function progressOf(verb: 'exported' | 'read'): () => void {
  let rows = 0
  return () => {
    rows += 1
    if (rows % ROWS_BETWEEN === 0) process.stderr.write(`${grouped(rows)} rows ${verb}\n`)
  }
}
