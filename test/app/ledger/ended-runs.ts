/** Runs that have ended, put straight into the ledger: what became of them is what a test is about. */
import type { PrismaClient } from '../../../prisma/client/client.ts'
import { newRepository } from './scene.ts'

export interface EndedRun {
  readonly id: string
  readonly variant: string | null
  readonly subjectKey: string
  readonly endedAt: Date
  readonly spentMicroUsd: bigint
  readonly assignment?: 'chosen' | 'assigned'
}

/** All in one session of a new repository. */
export async function newEndedRuns(
  prisma: PrismaClient,
  family: string,
  runs: readonly EndedRun[],
): Promise<{ readonly repositoryId: bigint }> {
  const repositoryId = await newRepository(prisma)
  const sessionId = `session-${repositoryId}`
  const createdAt = new Date(0)
  await prisma.session.create({
    data: {
      id: sessionId,
      repositoryId,
      subjectKind: 'push',
      subjectKey: 'push:main',
      family,
      trigger: 'push',
      commandKey: 'push',
      ceilingMicroUsd: 0n,
      createdAt,
    },
  })
  await prisma.run.createMany({
    data: runs.map(({ assignment = 'chosen', ...run }) => ({
      ...run,
      assignment: run.variant === null ? ('baseline' as const) : assignment,
      sessionId,
      repositoryId,
      family,
      portfolio: 'refactoring',
      headSha: 'a'.repeat(40),
      configSha: 'a'.repeat(40),
      plan: {},
      quote: {},
      capMicroUsd: run.spentMicroUsd,
      heldMicroUsd: run.spentMicroUsd,
      state: 'ended' as const,
      createdAt,
      reservedAt: createdAt,
      conclusion: 'completed' as const,
      delivery: 'commit',
    })),
  })
  return { repositoryId }
}
