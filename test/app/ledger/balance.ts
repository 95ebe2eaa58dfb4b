/** What must be so of every account at any time; throws what is not. */
import { expect } from 'vitest'
import type { PrismaClient } from '../../../prisma/client/client.ts'

export async function expectBalanced(prisma: PrismaClient, repositoryId: bigint): Promise<void> {
  const accounts = await prisma.account.findMany({ where: { repositoryId } })
  for (const { id, ceiling, ...account } of accounts) {
    const { _sum: entered } = await prisma.entry.aggregate({
      where: { accountId: id },
      _sum: { budgetChange: true, heldChange: true, spentChange: true, overageChange: true },
    })
    const { _sum: holding } = await prisma.hold.aggregate({
      where: { accountId: id, state: 'held' },
      _sum: { amount: true },
    })
    expect({
      budget: entered.budgetChange,
      held: entered.heldChange,
      spent: entered.spentChange,
      overage: entered.overageChange,
    }).toEqual({ budget: account.budget, held: account.held, spent: account.spent, overage: account.overage })
    expect(holding.amount ?? 0n).toBe(account.held)
    if (ceiling !== null) expect(account.spent + account.held <= ceiling).toBe(true)
  }
}
