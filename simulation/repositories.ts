/** Repositories of the simulation's own, beside whatever else is in the database. */
import type { Database } from '../app/database/open.ts'

/** Adds so many, with ids above all that are there; answers the ids. */
export async function addRepositories({ prisma }: Database, count: number): Promise<readonly number[]> {
  const last = await prisma.repository.findFirst({ orderBy: { id: 'desc' }, select: { id: true } })
  const first = Number(last?.id ?? 0n) + 1
  const ids = Array.from({ length: count }, (_, index) => first + index)
  await prisma.repository.createMany({
    data: ids.map((id) => ({
      id: BigInt(id),
      owner: 'simulation',
      name: `repository-${id}`,
      installationId: 1n,
      defaultBranch: 'main',
    })),
  })
  return ids
}
