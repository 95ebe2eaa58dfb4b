/** Which of the accounts that are there is meant by what is declared. */
import { type AccountSpec, accountMeant, namesOf, termsOf } from '../../core/money/account.ts'
import type { Period } from '../../core/money/calendar.ts'
import type { Account } from '../../prisma/client/client.ts'

/** An account as it is declared for a repository. */
export interface Declared {
  readonly repositoryId: bigint
  readonly spec: AccountSpec
}

/** One of `rows`, which may hold others besides, or the period of the one to be opened. */
export function meantOf(
  { repositoryId, spec }: Declared,
  rows: readonly Account[],
  now: Date,
): { readonly account: Account } | { readonly period: Period } {
  const names = namesOf(spec)
  const mayBeMeant = rows.filter(
    (row) =>
      row.repositoryId === repositoryId &&
      row.kind === spec.kind &&
      [row.name, ...row.formerNames].some((name) => names.includes(name)) &&
      row.periodStart < spec.periodEnd &&
      spec.periodStart < row.periodEnd,
  )
  return accountMeant(spec, mayBeMeant, now)
}

/** The one that is there, in line with configuration or not. */
export function accountThere(declared: Declared, rows: readonly Account[], now: Date): Account | undefined {
  const meant = meantOf(declared, rows, now)
  return 'account' in meant ? meant.account : undefined
}

/** Whether its row says what configuration says. */
export function isInLine(account: Account, spec: AccountSpec): boolean {
  const terms = termsOf(account, spec)
  return (
    account.name === terms.name &&
    account.budget === terms.budget &&
    account.ceiling === terms.ceiling &&
    account.periodEnd.getTime() === terms.periodEnd.getTime()
  )
}

/** For a statement's value that `declaredTable` reads: a row for each name that an account may have. */
export function declaredRows(declared: readonly Declared[]): string {
  const rows = new Map<string, object>()
  for (const { repositoryId, spec } of declared) {
    const { kind, periodStart, periodEnd } = spec
    for (const name of namesOf(spec)) {
      const key = `${repositoryId} ${kind} ${name} ${periodStart.getTime()} ${periodEnd.getTime()}`
      const period = { period_start: periodStart, period_end: periodEnd }
      rows.set(key, { repository_id: `${repositoryId}`, kind, name, ...period })
    }
  }
  return JSON.stringify([...rows.values()])
}

/** `declaredRows` as the common table `declared`. */
export function declaredTable(value: string): string {
  return `declared AS MATERIALIZED (
      SELECT * FROM json_to_recordset(${value}::json) AS declared(
        repository_id bigint, kind account_kind, name text, period_start timestamptz, period_end timestamptz)
    )`
}

/**
 * Of `declared`, the accounts that may be meant: those that share a day with it and have its name, or had it. Found one by one by
 * their index (`known.ts` says why).
 */
export const meantIds = `
      SELECT named.id FROM declared CROSS JOIN LATERAL (
        SELECT id FROM account
        WHERE account.repository_id = declared.repository_id AND account.kind = declared.kind
          AND account.name = declared.name
          AND account.period_start < declared.period_end AND account.period_end > declared.period_start OFFSET 0
      ) AS named
      UNION ALL
      SELECT renamed.id FROM declared CROSS JOIN LATERAL (
        SELECT id FROM account
        WHERE account.repository_id = declared.repository_id AND account.kind = declared.kind
          AND account.former_names <> '{}' AND declared.name = ANY(account.former_names)
          AND account.period_start < declared.period_end AND account.period_end > declared.period_start OFFSET 0
      ) AS renamed`
