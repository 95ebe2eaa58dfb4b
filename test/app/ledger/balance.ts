/** What must be so of every account at any time; throws what is not. */
import { expect } from 'vitest'
import type { PrismaClient } from '../../../prisma/client/client.ts'

interface Row {
  readonly budget: bigint
  readonly held: bigint
  readonly spent: bigint
  readonly overage: bigint
  readonly ceiling: bigint | null
  /** The sums of its entries, and of what is held of it now. */
  readonly budgetEntered: bigint
  readonly heldEntered: bigint
  readonly spentEntered: bigint
  readonly overageEntered: bigint
  readonly holding: bigint
}

/** Asks once for all, since tests look after each of hundreds of operations. */
export async function expectBalanced(prisma: PrismaClient, repositoryId: bigint): Promise<void> {
  const accounts = await prisma.$queryRaw<readonly Row[]>`
    SELECT budget, held, spent, overage, ceiling, entered.*,
           (SELECT coalesce(sum(amount), 0)::bigint FROM hold WHERE account_id = account.id AND state = 'held') AS holding
    FROM account, LATERAL (
      SELECT sum(budget_change)::bigint AS "budgetEntered", sum(held_change)::bigint AS "heldEntered",
             sum(spent_change)::bigint AS "spentEntered", sum(overage_change)::bigint AS "overageEntered"
      FROM entry WHERE account_id = account.id
    ) AS entered
    WHERE repository_id = ${repositoryId}`
  for (const { budget, held, spent, overage, ceiling, holding, ...sums } of accounts) {
    expect(sums).toEqual({ budgetEntered: budget, heldEntered: held, spentEntered: spent, overageEntered: overage })
    expect(holding).toBe(held)
    if (ceiling !== null) expect(spent + held <= ceiling).toBe(true)
  }
}

export async function entryCount(prisma: PrismaClient, repositoryId: bigint): Promise<number> {
  const accounts = await prisma.account.findMany({ where: { repositoryId }, select: { id: true } })
  return prisma.entry.count({ where: { accountId: { in: accounts.map(({ id }) => id) } } })
}
