/** How far each repository has been read, and when it is read again. */
import { Prisma, type PrismaClient, type Reading } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'

const EVERY_SECONDS = 600
/** GitHub doesn't show it: the App was removed, or the repository is gone. A webhook tells when it is back. */
const GONE_SECONDS = 86_400

/** Takes on the repositories that are due, the longest first; each is due again later, whatever becomes of the reading. */
export async function takeReadings(prisma: PrismaClient, most: number): Promise<readonly Reading[]> {
  const due = Prisma.sql`
    SELECT repository_id FROM reading WHERE ${isPast('read_after')}
    ORDER BY read_after LIMIT ${most} FOR UPDATE SKIP LOCKED`
  return prisma.$queryRaw<Reading[]>`
    UPDATE reading SET read_after = clock_timestamp() + make_interval(secs => ${EVERY_SECONDS})
    WHERE repository_id IN (${due})
    RETURNING repository_id AS "repositoryId", read_until AS "readUntil", head, read_after AS "readAfter"`
}

/** Where more is left it is due again at once. A webhook may have moved the head meanwhile: then that one stands. */
export async function readOn(
  prisma: PrismaClient,
  { repositoryId, head: before }: Reading,
  { until, isMore, head }: { readonly until: Date; readonly isMore: boolean; readonly head: string | null },
): Promise<void> {
  await prisma.reading.update({ where: { repositoryId }, data: { readUntil: until } })
  if (isMore)
    await prisma.$executeRaw`UPDATE reading SET read_after = clock_timestamp() WHERE repository_id = ${repositoryId}`
  await prisma.reading.updateMany({ where: { repositoryId, head: before }, data: { head } })
}

/** What happens where the App may not be is none of its business, so it is not read when it is back. */
export async function putOffReading(prisma: PrismaClient, repositoryId: bigint): Promise<void> {
  await prisma.$executeRaw`
    UPDATE repository SET away_since = clock_timestamp() WHERE id = ${repositoryId} AND away_since IS NULL`
  await prisma.$executeRaw`
    UPDATE reading SET read_after = clock_timestamp() + make_interval(secs => ${GONE_SECONDS}),
      read_until = date_trunc('second', clock_timestamp()), head = NULL
    WHERE repository_id = ${repositoryId}`
}

/** From now on: the App was put there, for the first time or anew. */
export async function beginReading(prisma: PrismaClient, repositoryIds: readonly bigint[]): Promise<void> {
  await prisma.$executeRaw`
    INSERT INTO reading (repository_id) SELECT unnest(${repositoryIds}::bigint[])
    ON CONFLICT (repository_id) DO UPDATE
      SET read_until = date_trunc('second', clock_timestamp()), head = NULL, read_after = clock_timestamp()`
}

/** A webhook told of a push: where it follows on what was read, it is read too. Where one before it is missing, it isn't. */
export async function notePushed(
  prisma: PrismaClient,
  repositoryId: bigint,
  { before, after }: { readonly before: string; readonly after: string },
): Promise<void> {
  await prisma.reading.updateMany({ where: { repositoryId, head: before }, data: { head: after } })
}
