/** Accounts as they are looked at: a portfolio's period, a squad's sprint, an experiment. Nothing is written here. */
import { type AccountRow, type AccountSpec, namesOf, newAccount, termsOf } from '../../core/money/account.ts'
import type { Account, PrismaClient } from '../../prisma/client/client.ts'
import { meantOf } from './meant-account.ts'

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
  const names = specs.flatMap(namesOf)
  const rows = await prisma.account.findMany({
    where: { repositoryId, OR: [{ name: { in: names } }, { formerNames: { hasSome: names } }] },
  })
  return specs.map((spec) => {
    const meant = meantOf({ repositoryId, spec }, rows, now)
    return 'account' in meant ? { ...meant.account, ...termsOf(meant.account, spec) } : newAccount(spec, meant.period)
  })
}

/** The accounts of which a run holds or has held something. */
export async function payersOf(prisma: PrismaClient, runId: string): Promise<readonly Account[]> {
  const holds = await prisma.hold.findMany({ where: { runId } })
  return prisma.account.findMany({
    where: { id: { in: holds.map(({ accountId }) => accountId) } },
    orderBy: { id: 'asc' },
  })
}

/** What the accounts of a unit have left, not below zero: the least of them; null when none of them is in that unit. */
export function remainingIn(
  unit: Account['unit'],
  accounts: readonly Pick<Account, 'unit' | 'budget' | 'ceiling' | 'spent' | 'held'>[],
): bigint | null {
  const left = accounts
    .filter((account) => account.unit === unit)
    .map(({ budget, ceiling, spent, held }) => (ceiling ?? budget) - spent - held)
  return left.reduce<bigint | null>((least, next) => {
    const amount = next > 0n ? next : 0n
    return least === null || amount < least ? amount : least
  }, null)
}

/** The accounts whose period `now` lies in, by kind and name; never by spend. */
export async function accountsNow(prisma: PrismaClient, repositoryId: bigint, now: Date): Promise<readonly Account[]> {
  return prisma.account.findMany({
    where: { repositoryId, periodEnd: { gt: now }, periodStart: { lte: now } },
    orderBy: [{ kind: 'asc' }, { name: 'asc' }, { unit: 'asc' }],
  })
}
