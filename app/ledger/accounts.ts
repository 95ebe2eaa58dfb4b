/** Accounts: a portfolio's period, a squad's sprint, an experiment. */
import { randomUUID } from 'node:crypto'
import { type AccountSpec, termsOf } from '../../core/account.ts'
import type { Account, Prisma, PrismaClient } from '../../prisma/client/client.ts'
import { transact } from '../database/transact.ts'

/**
 * Brings the accounts of the present period into line with configuration and returns them in the order of `specs`, their
 * rows locked until the transaction ends: creates what is missing; raises at once; lowers with the next period, or at
 * once with `now`, and then never below what is spent and held. Idempotent.
 */
export async function ensureAccounts(
  transaction: Prisma.TransactionClient,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly Account[]> {
  const accounts = new Map<AccountSpec, Account>()
  for (const spec of inLockingOrder(specs)) {
    accounts.set(spec, await ensureAccount(transaction, repositoryId, spec, now))
  }
  return specs.flatMap((spec) => accounts.get(spec) ?? [])
}

/** Every transaction locks accounts in this order, so that none waits for another in a circle. */
export function inLockingOrder<T extends Pick<AccountSpec, 'kind' | 'name' | 'unit'>>(
  accounts: readonly T[],
): readonly T[] {
  const key = (account: T) => `${account.kind}/${account.name}/${account.unit}`
  return accounts.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

async function ensureAccount(
  transaction: Prisma.TransactionClient,
  repositoryId: bigint,
  spec: AccountSpec,
  now: Date,
): Promise<Account> {
  const known = await lockAccount(transaction, repositoryId, spec)
  if (known !== undefined) return adjust(transaction, known, spec, now)
  await createAccount(transaction, repositoryId, spec, now)
  // Another transaction may have created it first, from an older configuration.
  const created = await lockAccount(transaction, repositoryId, spec)
  if (created === undefined) throw new Error(`the account ${spec.kind} ${spec.name} vanished after it was created`)
  return adjust(transaction, created, spec, now)
}

async function lockAccount(
  transaction: Prisma.TransactionClient,
  repositoryId: bigint,
  spec: AccountSpec,
): Promise<Account | undefined> {
  const [row] = await transaction.$queryRaw<Account[]>`
    SELECT id, repository_id AS "repositoryId", kind::text, name, unit::text, period_start AS "periodStart",
           period_end AS "periodEnd", budget, ceiling, spent, held, overage, frozen
    FROM account
    WHERE repository_id = ${repositoryId} AND kind = ${spec.kind}::account_kind AND name = ${spec.name}
      AND unit = ${spec.unit}::unit AND period_start = ${spec.periodStart}
    FOR UPDATE`
  return row
}

async function createAccount(
  transaction: Prisma.TransactionClient,
  repositoryId: bigint,
  spec: AccountSpec,
  now: Date,
): Promise<void> {
  await transaction.$executeRaw`
    WITH created AS (
      INSERT INTO account (repository_id, kind, name, unit, period_start, period_end, budget, ceiling)
      VALUES (${repositoryId}, ${spec.kind}::account_kind, ${spec.name}, ${spec.unit}::unit, ${spec.periodStart},
              ${spec.periodEnd}, ${spec.budget}, ${spec.enforced ? spec.budget : null}::bigint)
      ON CONFLICT DO NOTHING
      RETURNING id
    )
    INSERT INTO entry (account_id, kind, budget_change, key, at)
    SELECT id, 'budget', ${spec.budget}, 'account:' || id || ':opened', ${now} FROM created`
}

async function adjust(
  transaction: Prisma.TransactionClient,
  account: Account,
  spec: AccountSpec,
  now: Date,
): Promise<Account> {
  const { budget, ceiling } = termsOf(account, spec)
  if (budget === account.budget && ceiling === account.ceiling) return account
  if (budget !== account.budget) {
    // The lock on the row makes this happen once; an account's budget may come back to a value that it had.
    await transaction.entry.create({
      data: {
        accountId: account.id,
        kind: 'budget',
        budgetChange: budget - account.budget,
        key: `account:${account.id}:budget:${randomUUID()}`,
        at: now,
      },
    })
  }
  return transaction.account.update({ where: { id: account.id }, data: { budget, ceiling } })
}

/** What is left in the accounts that a run would touch, for a quote. Creates the accounts that are missing. */
export async function accountsOf(
  prisma: PrismaClient,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly Account[]> {
  return transact(prisma, (transaction) => ensureAccounts(transaction, repositoryId, specs, now))
}

/** What the accounts of a unit have left, not below zero: the least of them; null when none of them is in that unit. */
export function remainingIn(unit: Account['unit'], accounts: readonly Account[]): bigint | null {
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
