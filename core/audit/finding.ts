/** What an audit finds, as data and in words. */
import { grouped, usdDecimal } from '../money/money.ts'
import type { AuditedAccount, AuditedEntry, Unit } from './rows.ts'

export interface RowName {
  readonly table: 'account' | 'entry' | 'hold' | 'run' | 'session' | 'portfolio_day' | 'override_day'
  /** Empty for a row that is missing. */
  readonly id: string
  /** An entry's. */
  readonly key?: string
}

/** An amount in the account's unit, or any other value as text. */
export type Value = bigint | string

export interface Difference {
  readonly column: string
  /** Empty for a row that is missing. */
  readonly is?: Value
  readonly expected: Value
}

export interface Finding {
  /** Undefined for a row that belongs to no account. */
  readonly account: AccountName | undefined
  /**
   * `changed`, `added` and `missing` name the one row with which everything else agrees once it is set right;
   * `disagrees` names the rows among which the ledger can't tell.
   */
  readonly problem: 'changed' | 'added' | 'missing' | 'disagrees'
  readonly rows: readonly RowName[]
  readonly differences: readonly Difference[]
  /** What does not add up, where the differences don't say it. */
  readonly why?: string
}

export type AccountName = Pick<
  AuditedAccount,
  'id' | 'repository' | 'kind' | 'name' | 'unit' | 'periodStart' | 'periodEnd'
>

export function accountName(account: AuditedAccount): AccountName {
  const { id, repository, kind, name, unit, periodStart, periodEnd } = account
  return { id, repository, kind, name, unit, periodStart, periodEnd }
}

export function entryName({ id, key }: Pick<AuditedEntry, 'id' | 'key'>): RowName {
  return { table: 'entry', id, key }
}

/** `acme/shop, portfolio refactoring of 2026-11-01 to 2026-12-01 (account 3)`. */
export function accountWords({ id, repository, kind, name, periodStart, periodEnd }: AccountName): string {
  return `${repository}, ${kind} ${name} of ${periodStart} to ${periodEnd} (account ${id})`
}

/** One line: which row, what is there, what was expected. */
export function findingWords({ account, problem, rows, differences, why }: Finding): string {
  const unit = account?.unit ?? 'usd'
  const row = rows.map(rowWords).join(', ')
  const because = why === undefined ? '' : `: ${why}`
  switch (problem) {
    case 'changed':
      return `${row}: ${differences.map((difference) => changeWords(unit, difference)).join('; ')}${because}`
    case 'missing':
      return `${row} is missing; expected ${differences.map(({ column, expected }) => `${column} ${valueWords(unit, expected)}`).join(', ')}`
    case 'added':
      return `${row} fits nothing else in the ledger${because}`
    case 'disagrees':
      if (rows.length < 2) return [...rows.map(rowWords), ...(why === undefined ? [] : [why])].join(': ')
      return `${why}; one of these was changed, or one is missing: ${row}`
  }
}

function changeWords(unit: Unit, { column, is, expected }: Difference): string {
  return `${column} is ${is === undefined ? 'nothing' : valueWords(unit, is)}, expected ${valueWords(unit, expected)}`
}

function rowWords({ table, id, key }: RowName): string {
  if (table === 'account') return 'the account’s own row'
  if (table === 'session') return `session ${id}`
  if (table === 'portfolio_day' || table === 'override_day') return `the counts of ${id}`
  if (key === undefined) return `the ${table} of run ${id}`.replace('the run of run', 'run')
  return id === '' ? `the entry ${key}` : `entry ${id} (${key})`
}

/** To the last micro-USD, since an edit may be that small. */
export function valueWords(unit: Unit, value: Value): string {
  if (typeof value === 'string') return value
  if (unit === 'tokens') return `${grouped(value)} tokens`
  return value < 0n ? `-$${usdDecimal(-value)}` : `$${usdDecimal(value)}`
}
