/** What a trial rests on: counts by day, kept in step with outcomes, and the looks taken at them. */
import type { Decided } from '../../core/outcome.ts'
import type { Checkpoint, Evaluation, Tally } from '../../core/promotion.ts'
import type { PrismaClient, Promotion } from '../../prisma/client/client.ts'

/** A family with one of its variants; null for the baseline. */
export interface TrialKey {
  readonly repositoryId: bigint
  readonly family: string
  readonly variant: string | null
}

/**
 * Stores what became of an ended run's work and moves the counts of the day it ended on (UTC) by the difference, in one
 * transaction. Idempotent. Says whether anything changed.
 */
export async function recordOutcome(
  prisma: PrismaClient,
  runId: string,
  decided: Decided,
  reverted: boolean,
  now: Date,
): Promise<boolean> {
  throw new Error('not written yet')
}

/** The counts of the days from `windowStart`'s on (UTC). */
export async function tally(prisma: PrismaClient, trial: TrialKey, windowStart: Date): Promise<Tally> {
  throw new Error('not written yet')
}

/** The settled runs of all time, which checkpoints count. */
export async function settledInAll(prisma: PrismaClient, trial: TrialKey): Promise<number> {
  throw new Error('not written yet')
}

/** Stores a look at a trial; false when that checkpoint had been taken, which then stands. */
export async function saveCheckpoint(
  prisma: PrismaClient,
  trial: TrialKey,
  settled: number,
  evaluation: Evaluation,
  now: Date,
): Promise<boolean> {
  throw new Error('not written yet')
}

/** The newest checkpoints of a trial, oldest first. */
export async function checkpoints(prisma: PrismaClient, trial: TrialKey): Promise<readonly Checkpoint[]> {
  throw new Error('not written yet')
}

/**
 * Takes the one place for this decision's issue; the issue is made after. `opened` is false when the place had been taken:
 * then `promotion.issueNumber` says whether its issue was made, or has yet to be found or made again.
 */
export async function openPromotion(
  prisma: PrismaClient,
  trial: TrialKey,
  decision: 'promote' | 'sunset',
  now: Date,
): Promise<{ readonly opened: boolean; readonly promotion: Promotion }> {
  throw new Error('not written yet')
}

/** Notes the issue that was made for a promotion. */
export async function setPromotionIssue(
  prisma: PrismaClient,
  trial: TrialKey,
  decision: 'promote' | 'sunset',
  issueNumber: number,
): Promise<void> {
  throw new Error('not written yet')
}
