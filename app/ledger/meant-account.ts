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
