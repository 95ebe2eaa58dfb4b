/** Looks at each repository some times a day: what no webhook told of its incidents, and its review when a period is over. */
import { isRefusal } from '../../core/reason.ts'
import type { Repository } from '../../prisma/client/client.ts'
import { lookForIncidents } from '../observe/incident.ts'
import type { Parts } from '../parts.ts'
import { declaredBy } from '../run/prepare.ts'
import { placeById } from '../subject/place.ts'
import { tendReview } from './issue.ts'

/** Repositories that one sweep looks at; those that wait the longest come first. */
const AT_ONCE = 20
const LOOK_AGAIN_MS = 6 * 3_600_000
/** A look goes back behind the last one by this, since clocks differ and a look may fail. */
const LOOK_BACK_MS = 4 * LOOK_AGAIN_MS
const FIRST_LOOK_BACK_MS = 90 * 86_400_000

type Due = Pick<Repository, 'id' | 'lookedAt'>

export async function tendRepositories(parts: Parts): Promise<void> {
  const { prisma } = parts
  const now = parts.now()
  const due = new Date(now.getTime() - LOOK_AGAIN_MS)
  // One by one (`OFFSET 0`): as a join, all accounts that there have been would be read each minute.
  const found = await prisma.$queryRaw<Due[]>`
    SELECT id, looked_at AS "lookedAt" FROM repository
    WHERE away_since IS NULL AND (looked_at IS NULL OR looked_at < ${due})
      AND EXISTS (SELECT FROM account WHERE account.repository_id = repository.id OFFSET 0)
    ORDER BY looked_at NULLS FIRST LIMIT ${AT_ONCE}`
  for (const repository of found) {
    // Where a look fails, the next one is some hours away, and goes as far back.
    await prisma.repository.update({ where: { id: repository.id }, data: { lookedAt: now } })
    try {
      await tend(parts, repository, now)
    } catch (error) {
      parts.log.warn({ err: error, repository: String(repository.id) }, 'a repository could not be looked at')
    }
  }
}

async function tend(parts: Parts, { id, lookedAt }: Due, now: Date): Promise<void> {
  const place = await placeById(parts, id)
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return
  const since = lookedAt?.getTime() ?? now.getTime() - FIRST_LOOK_BACK_MS
  await lookForIncidents(parts, place, declared, new Date(since - LOOK_BACK_MS))
  await tendReview(parts, place, declared)
}
