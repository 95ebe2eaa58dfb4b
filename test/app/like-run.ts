import { randomUUID } from 'node:crypto'
import { Prisma, type PrismaClient, type Run } from '../../prisma/client/client.ts'

/** A run like one that really ran, on a subject of its own, that ended now and was merged or closed; the sweep decides its outcome. */
export async function putLike(
  prisma: PrismaClient,
  pattern: Run,
  now: Date,
  end: 'merged' | 'closed',
  more: Partial<Pick<Run, 'repositoryId' | 'sessionId' | 'headSha' | 'spentMicroUsd'>> = {},
): Promise<void> {
  const id = randomUUID()
  await prisma.run.create({
    data: {
      ...pattern,
      plan: pattern.plan ?? {},
      quote: pattern.quote ?? {},
      report: Prisma.DbNull,
      spentMicroUsd: 400_000n,
      ...more,
      id,
      subjectKey: `pull-request:${1000 + parseInt(id.slice(0, 6), 16)}`,
      deliveredSha: randomUUID(),
      createdAt: now,
      endedAt: now,
      deliveredAt: now,
      decideAfter: now,
      outcome: 'pending',
      outcomeRule: null,
    },
  })
  await prisma.fact.create({ data: { runId: id, kind: end, key: '', value: 'yes', at: now } })
}
