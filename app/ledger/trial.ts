/** What a trial rests on: counts by day, kept in step with outcomes; and the one place for its issue. */
import type { Decided } from '../../core/outcome/outcome.ts'
import { isSettled } from '../../core/promotion/tally.ts'
import type { Outcome } from '../../core/run/run.ts'
import type { Fact, Prisma, PrismaClient, Promotion, Run } from '../../prisma/client/client.ts'
import { transact } from '../database/transact.ts'
import { keepRuleSet, type RuleSet, ruleSetIdOf } from './rule-set.ts'
import { markUnshown } from './shown.ts'

/** A family with one of its variants; null for the baseline. */
export interface TrialKey {
  readonly repositoryId: bigint
  readonly family: string
  readonly variant: string | null
}

/** The variant as the trial's tables name it: keys can't be null. */
export function keyOf({ repositoryId, family, variant }: TrialKey) {
  return { repositoryId, family, variant: variant ?? '' }
}

/** What one run adds to the counts of its day. */
interface Counts {
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  readonly reverted: number
  readonly spendMicroUsd: bigint
}

function countsOf(outcome: Outcome, reverted: boolean, spentMicroUsd: bigint): Counts {
  const one = (counted: boolean) => (counted ? 1 : 0)
  return {
    accepted: one(outcome === 'accepted'),
    reworked: one(outcome === 'reworked'),
    rejected: one(outcome === 'rejected'),
    unknown: one(outcome === 'unknown'),
    reverted: one(reverted && isSettled(outcome)),
    spendMicroUsd: outcome === 'pending' ? 0n : spentMicroUsd,
  }
}

/** What the facts about a run's work come to. */
export interface DecidedOutcome extends Decided {
  readonly reverted: boolean
  /** When time alone may change it. */
  readonly decideAfter?: Date | undefined
  readonly by?: DecidedBy | undefined
}

/** What an outcome is decided by, and the commit that it was read from. */
export interface DecidedBy {
  readonly ruleSet: RuleSet
  readonly sha: string
  /** `core/promotion/override-set.ts`. */
  readonly overrideKey: string | undefined
}

/**
 * Stores what became of an ended run's work and moves the counts of the day it ended on (UTC) by the difference, in one
 * transaction. `decide` is given what stands once the run's row is locked: two who decide at once would else each
 * miss what the other has seen. Idempotent. Says whether anything changed.
 */
export async function recordOutcome(
  prisma: PrismaClient,
  runId: string,
  decide: (run: Run, facts: readonly Fact[]) => DecidedOutcome,
  now: Date,
): Promise<boolean> {
  return transact(prisma, async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM run WHERE id = ${runId} FOR UPDATE`
    const found = await transaction.run.findUniqueOrThrow({ where: { id: runId }, include: { facts: true } })
    const { facts, ...run } = found
    const { outcome, rule, reverted, decideAfter, by } = decide(run, facts)
    const decidedBy = by && { ruleSetId: await kept(transaction, run, by), rulesSha: by.sha, decidedAt: now }
    // It is counted by its overrides from its first outcome on.
    const overrideKey = run.outcomeRule === null ? by?.overrideKey : undefined
    const data = {
      ...decidedBy,
      decideAfter: decideAfter ?? null,
      ...(overrideKey === undefined ? {} : { overrideKey }),
    }
    if (run.outcome === outcome && run.reverted === reverted && run.outcomeRule === rule) {
      await transaction.run.updateMany({ where: { id: runId }, data })
      return false
    }
    await moveCounts(
      transaction,
      run,
      countsOf(run.outcome, run.reverted, run.spentMicroUsd),
      countsOf(outcome, reverted, run.spentMicroUsd),
    )
    await transaction.run.updateMany({
      where: { id: runId },
      data: { ...data, outcome, outcomeRule: rule, outcomeAt: now, reverted },
    })
    await markUnshown(transaction, runId)
    return true
  })
}

/** The id of the rules, which are stored the first time that they decide anything. */
async function kept(transaction: Prisma.TransactionClient, run: Run, { ruleSet }: DecidedBy): Promise<string> {
  const id = ruleSetIdOf(ruleSet)
  if (run.ruleSetId !== id) await keepRuleSet(transaction, id, ruleSet)
  return id
}

/** Puts off what is due: its rules can't be read, or GitHub does not answer. */
export async function deferOutcome(prisma: PrismaClient, runId: string, until: Date): Promise<void> {
  await prisma.run.updateMany({ where: { id: runId, decideAfter: { lt: until } }, data: { decideAfter: until } })
}

async function moveCounts(
  transaction: Prisma.TransactionClient,
  run: Run,
  before: Counts,
  after: Counts,
): Promise<void> {
  if (run.endedAt === null) throw new Error(`the run ${run.id} has not ended, so it has no outcome yet`)
  const key = keyOf(run)
  const day = utcDay(run.endedAt)
  const change = {
    accepted: after.accepted - before.accepted,
    reworked: after.reworked - before.reworked,
    rejected: after.rejected - before.rejected,
    unknown: after.unknown - before.unknown,
    reverted: after.reverted - before.reverted,
    spendMicroUsd: after.spendMicroUsd - before.spendMicroUsd,
  }
  const settled = change.accepted + change.reworked + change.rejected
  // The row first, at zero: an upsert would be checked as if the change itself were inserted, and that may be negative.
  const trialDay = { ...key, day }
  await transaction.trialDay.createMany({ data: trialDay, skipDuplicates: true })
  await transaction.trialDay.update({
    where: { repositoryId_family_variant_day: trialDay },
    data: {
      settled: { increment: settled },
      accepted: { increment: change.accepted },
      reworked: { increment: change.reworked },
      rejected: { increment: change.rejected },
      unknown: { increment: change.unknown },
      reverted: { increment: change.reverted },
      spendMicroUsd: { increment: change.spendMicroUsd },
    },
  })
  if (settled === 0) return
  const trialSubject = { ...trialDay, subjectKey: run.subjectKey }
  await transaction.trialSubject.createMany({ data: trialSubject, skipDuplicates: true })
  await transaction.trialSubject.update({
    where: { repositoryId_family_variant_day_subjectKey: trialSubject },
    data: { settled: { increment: settled } },
  })
  await transaction.trial.createMany({ data: key, skipDuplicates: true })
  await transaction.trial.update({
    where: { repositoryId_family_variant: key },
    data: { settled: { increment: settled } },
  })
}

function utcDay(moment: Date): Date {
  return new Date(`${moment.toISOString().slice(0, 10)}T00:00:00Z`)
}

/**
 * Takes the one place for this decision's issue; the issue is made after. `opened` is false when the place had been taken:
 * then `promotion.issueNumber` says whether its issue was made, or has yet to be found or made again.
 */
export async function openPromotion(
  prisma: PrismaClient,
  trial: TrialKey,
  decision: Promotion['decision'],
  now: Date,
  overrideKey?: string,
): Promise<{ readonly opened: boolean; readonly promotion: Promotion }> {
  const { count } = await prisma.promotion.createMany({
    data: { ...keyOf(trial), decision, openedAt: now, overrideKey: overrideKey ?? null },
    skipDuplicates: true,
  })
  const promotion = await prisma.promotion.findUniqueOrThrow({
    where: { repositoryId_family_variant_decision: { ...keyOf(trial), decision } },
  })
  return { opened: count === 1, promotion }
}
