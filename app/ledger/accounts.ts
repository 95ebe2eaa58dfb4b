/** Accounts: a portfolio's period, a squad's sprint, an experiment. */
import type { AccountSpec, Room } from '../../core/ledger.ts'
import type { Account, Prisma, PrismaClient } from '../../prisma/client/client.ts'

/**
 * Brings the accounts of the present period into line with configuration and returns them in the order of `specs`:
 * creates what is missing; raises at once; lowers with the next period, or at once with `now`, and then never below
 * what is spent and held. Idempotent.
 */
export async function ensureAccounts(
  transaction: Prisma.TransactionClient,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly Account[]> {
  throw new Error('not written yet')
}

/** What is left in the accounts that a run would touch, for a quote. Creates the accounts that are missing. */
export async function room(
  prisma: PrismaClient,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly Room[]> {
  throw new Error('not written yet')
}

/** The accounts whose period `now` lies in, by kind and name; never by spend. */
export async function accountsNow(prisma: PrismaClient, repositoryId: bigint, now: Date): Promise<readonly Account[]> {
  throw new Error('not written yet')
}

/** Lets a frozen account be reserved from again, once a maintainer has looked at its overage. Says whether it was frozen. */
export async function thawAccount(prisma: PrismaClient, accountId: bigint): Promise<boolean> {
  throw new Error('not written yet')
}
