/** Accounts as they are looked at: a portfolio's period, a squad's sprint, an experiment. Nothing is written here. */
import { type AccountRow, type AccountSpec, newAccount, termsOf } from '../../core/money/account.ts'
import type { Account, PrismaClient } from '../../prisma/client/client.ts'
import { type AccountText, accountColumns, accountOf } from './account-row.ts'
import { declaredRows, declaredTable, meantIds, meantOf } from './meant-account.ts'

/**
 * The accounts that a run would touch, in the order of `specs` and as the next reservation would find them: what
 * configuration has changed is seen already, though only a reservation enters it.
 */
export async function accountsAsDeclared(
  prisma: PrismaClient,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly AccountRow[]> {
  if (specs.length === 0) return []
  const declared = declaredRows(specs.map((spec) => ({ repositoryId, spec })))
  const rows = (await prisma.$queryRawUnsafe<AccountText[]>(MEANT, declared)).map(accountOf)
  return specs.map((spec) => {
    const meant = meantOf({ repositoryId, spec }, rows, now)
    return 'account' in meant ? { ...meant.account, ...termsOf(meant.account, spec) } : newAccount(spec, meant.period)
  })
}

const MEANT = `
  WITH ${declaredTable('$1')} SELECT ${accountColumns} FROM account WHERE account.id = ANY(ARRAY(${meantIds}))`

/** The accounts of which a run holds or has held something. */
export async function payersOf(prisma: PrismaClient, runId: string): Promise<readonly Account[]> {
  const holds = await prisma.hold.findMany({ where: { runId } })
  return prisma.account.findMany({
    where: { id: { in: holds.map(({ accountId }) => accountId) } },
    orderBy: { id: 'asc' },
  })
}

type Standing = Pick<Account, 'unit' | 'budget' | 'ceiling' | 'spent' | 'held'>

/** What the accounts of a unit have left, not below zero: the least of them; null when none of them is in that unit. */
export function remainingIn(unit: Account['unit'], accounts: readonly Standing[]): bigint | null {
  return scarcestIn(unit, accounts)?.left ?? null
}

/** The account of a unit that has the least left, and how much; undefined when none of them is in that unit. */
export function scarcestIn<Row extends Standing>(
  unit: Account['unit'],
  accounts: readonly Row[],
): { readonly account: Row; readonly left: bigint } | undefined {
  const all = accounts.filter((account) => account.unit === unit).map((account) => ({ account, left: leftIn(account) }))
  return all.toSorted((a, b) => (a.left < b.left ? -1 : a.left > b.left ? 1 : 0))[0]
}

function leftIn({ budget, ceiling, spent, held }: Standing): bigint {
  const left = (ceiling ?? budget) - spent - held
  return left > 0n ? left : 0n
}

/** The accounts whose period `now` lies in, by kind and name; never by spend. */
export async function accountsNow(prisma: PrismaClient, repositoryId: bigint, now: Date): Promise<readonly Account[]> {
  return prisma.account.findMany({
    where: { repositoryId, periodEnd: { gt: now }, periodStart: { lte: now } },
    orderBy: [{ kind: 'asc' }, { name: 'asc' }, { unit: 'asc' }],
  })
}
