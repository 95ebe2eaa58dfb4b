/** Accounts that an overage froze, and how they are released. */
import { randomUUID } from 'node:crypto'
import { notePosting } from '../../core/money/posting.ts'
import type { Account, PrismaClient, Repository } from '../../prisma/client/client.ts'
import { type Connections, transactSql } from '../database/transact.ts'
import { post } from './post.ts'

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

const THAW = { name: 'thaw_account', text: 'UPDATE account SET frozen = false WHERE id = $1 AND frozen RETURNING id' }

/** Lets a frozen account be reserved from again and enters why. Says whether it was frozen. */
export async function thawAccount(
  connections: Connections,
  accountId: bigint,
  note: string,
  now: Date,
): Promise<boolean> {
  return transactSql(connections, async (sql) => {
    const thawed = await sql.rows(THAW, [`${accountId}`])
    if (thawed.length === 0) return false
    const key = `account:${accountId}:thaw:${randomUUID()}`
    await post(sql, [{ accountId, posting: notePosting('thaw'), key, note, at: now }])
    return true
  })
}
