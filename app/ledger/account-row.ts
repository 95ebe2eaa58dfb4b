/** An account's row as the ledger's own statements read it. */
import type { Account } from '../../prisma/client/client.ts'

/** Amounts come as text, since a number of JavaScript's holds only some of them. */
export interface AccountText extends Omit<Account, 'id' | 'repositoryId' | Amount> {
  readonly id: string
  readonly repositoryId: string
  readonly budget: string
  readonly ceiling: string | null
  readonly spent: string
  readonly held: string
  readonly overage: string
}
type Amount = 'budget' | 'ceiling' | 'spent' | 'held' | 'overage'

export const accountColumns = `
  account.id::text, account.repository_id::text AS "repositoryId", account.kind::text, account.name,
  account.former_names AS "formerNames", account.unit::text, account.period_start AS "periodStart",
  account.period_end AS "periodEnd", account.budget::text, account.ceiling::text, account.spent::text,
  account.held::text, account.overage::text, account.frozen`

export function accountOf(row: AccountText): Account {
  return {
    ...row,
    id: BigInt(row.id),
    repositoryId: BigInt(row.repositoryId),
    budget: BigInt(row.budget),
    ceiling: row.ceiling === null ? null : BigInt(row.ceiling),
    spent: BigInt(row.spent),
    held: BigInt(row.held),
    overage: BigInt(row.overage),
  }
}
