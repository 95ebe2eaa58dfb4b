/** Accounts that an overage froze, and how they are released. */
import { randomUUID } from 'node:crypto'
import type { Account, PrismaClient, Repository } from '../../prisma/client/client.ts'
import { transact } from '../database/transact.ts'

/** How many are listed at a time. */
const FROZEN_SHOWN_MAX = 100

/** Those of present periods, by repository and name. One whose period is over pays for nothing more. */
export async function frozenAccounts(
  prisma: PrismaClient,
  now: Date,
): Promise<readonly (Account & { readonly repository: Repository })[]> {
  return prisma.account.findMany({
    where: { frozen: true, periodEnd: { gt: now } },
    include: { repository: true },
    orderBy: [{ repositoryId: 'asc' }, { kind: 'asc' }, { name: 'asc' }, { unit: 'asc' }],
    take: FROZEN_SHOWN_MAX,
  })
}

/** Lets a frozen account be reserved from again and enters why. Says whether it was frozen. */
export async function thawAccount(prisma: PrismaClient, accountId: bigint, note: string, now: Date): Promise<boolean> {
  return transact(prisma, async (transaction) => {
    const { count } = await transaction.account.updateMany({
      where: { id: accountId, frozen: true },
      data: { frozen: false },
    })
    if (count === 0) return false
    const key = `account:${accountId}:thaw:${randomUUID()}`
    await transaction.entry.create({ data: { accountId, kind: 'thaw', key, note, at: now } })
    return true
  })
}
