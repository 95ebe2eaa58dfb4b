/** The bounded looks into the past that the App takes; each rests on an index. */
import type { PrismaClient, Run, Session } from '../../prisma/client/client.ts'

/** The spend of the newest `QUOTE_RUNS_MAX` runs of a family and variant that were worked on, newest first. */
export async function recentSpends(
  prisma: PrismaClient,
  repositoryId: bigint,
  family: string,
  variant: string | null,
): Promise<readonly bigint[]> {
  throw new Error('not written yet')
}

/** The run that owns a hold on this subject, if any. */
export async function openRun(prisma: PrismaClient, repositoryId: bigint, subjectKey: string): Promise<Run | null> {
  throw new Error('not written yet')
}

/** The newest run on this subject that waits for `/agent go`. */
export async function waitingRun(
  prisma: PrismaClient,
  repositoryId: bigint,
  subjectKey: string,
): Promise<(Run & { session: Session }) | null> {
  throw new Error('not written yet')
}

/** How many runs of one subject a look at its outcomes takes. */
export const SUBJECT_RUNS_MAX = 100

/** Ended runs whose work went to this pull request (or issue) and whose outcome may still change, newest first. */
export async function watchedRuns(
  prisma: PrismaClient,
  repositoryId: bigint,
  subjectKey: string,
): Promise<readonly Run[]> {
  throw new Error('not written yet')
}

/** The runs that delivered this commit. */
export async function runsByDeliveredSha(
  prisma: PrismaClient,
  repositoryId: bigint,
  sha: string,
): Promise<readonly Run[]> {
  throw new Error('not written yet')
}
