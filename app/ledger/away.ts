/**
 * Where the App is not: it was removed or suspended, or GitHub shows it the repository no more. What the sweep looks after
 * there rests, and goes on when the App is back.
 */
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'

/** Of a row with a `repository_id`. */
export const isHere = Prisma.sql`
  NOT EXISTS (SELECT FROM repository WHERE repository.id = repository_id AND repository.away_since IS NOT NULL)`

/** Of an installation, or of those of its repositories alone. One that is known under a later installation is no longer its. */
export async function noteAway(
  prisma: PrismaClient,
  installationId: number,
  repositoryIds?: readonly number[],
): Promise<void> {
  const ids = repositoryIds?.map(BigInt) ?? null
  await prisma.$executeRaw`
    UPDATE repository SET away_since = clock_timestamp()
    WHERE installation_id = ${installationId} AND away_since IS NULL
      AND (${ids}::bigint[] IS NULL OR id = ANY(${ids}::bigint[]))`
}

/** All that an installation has, which it answers. */
export async function noteBack(prisma: PrismaClient, installationId: number): Promise<readonly bigint[]> {
  const back = await prisma.repository.updateManyAndReturn({
    where: { installationId, awaySince: { not: null } },
    data: { awaySince: null },
    select: { id: true },
  })
  return back.map(({ id }) => id)
}
