/** How a run ends in the books: settled by its report, released before it began, or expired when its job vanished. */
import { isDeepStrictEqual } from 'node:util'
import { minBigint } from '../../core/money.ts'
import { endPostings, type Posting, refundPostings, type Spend, spendOf } from '../../core/posting.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import type { Report } from '../../core/report.ts'
import {
  type Change,
  changeBy,
  countsInTrial,
  DELIVERY_MS_MAX,
  type Ending,
  isDeliveryDue,
} from '../../core/run-life.ts'
import type { Account, Hold, Prisma, PrismaClient, Run } from '../../prisma/client/client.ts'
import { leaseIsOver } from '../database/clock.ts'
import { transact } from '../database/transact.ts'
import { inLockingOrder, remainingIn } from './accounts.ts'
import { forgetSubjectWords } from './delivery.ts'
import { standingOf } from './standing.ts'
import { reportJson } from './stored.ts'
import { correctSpend } from './trial.ts'

export interface Settled {
  readonly run: Run
  /** The whole spend, an overage included. */
  readonly spentMicroUsd: bigint
  /** What is left in the account that paid; null where tokens paid. */
  readonly remainingMicroUsd: bigint | null
  /** More was spent than was held: the accounts that paid are frozen, and somebody has to look. */
  readonly overage: boolean
  /** The same report had been settled before; nothing changed. */
  readonly repeated: boolean
  /** The run had been given up: the report only brought back what it proves was not spent, and its work is not delivered. */
  readonly late: boolean
}

/**
 * Settles a claimed run by its report: posts the spend, releases the rest. Of an expired run a report can only refund, once,
 * down to its calls' evidence. Refuses with `run-unknown` (also when nobody has claimed it), `already-claimed` (an older claim) or `run-over` (ended
 * by another report).
 */
export async function settle(
  prisma: PrismaClient,
  request: { readonly runId: string; readonly epoch: number; readonly report: Report; readonly now: Date },
): Promise<Settled | Refusal> {
  const { runId, epoch, report, now } = request
  return transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    if (run === undefined || run.epoch === 0) return refuse('run-unknown')
    if (run.epoch !== epoch) return refuse('already-claimed')
    const isAgain = run.report !== null && isDeepStrictEqual(run.report, reportJson(report))
    const change = changeBy(isAgain ? 'report-again' : 'report', standingOf(run))
    switch (change.kind) {
      case 'settles':
        return settleClaimed(transaction, run, report, now)
      case 'refunds':
        return refundLate(transaction, run, report, now)
      case 'refuses':
        return refuse(change.reason)
      default:
        return settled(run, { repeated: true })
    }
  })
}

async function settleClaimed(
  transaction: Prisma.TransactionClient,
  run: RunWithHolds,
  report: Report,
  now: Date,
): Promise<Settled> {
  const spend = spendOf(report)
  for (const hold of holdsInOrder(run)) {
    await post(transaction, run, hold, endPostings('settle', hold.amount, amountOf(hold, spend)), now)
  }
  const ended = await transaction.run.update({
    where: { id: run.id },
    data: {
      state: 'ended',
      endedAt: now,
      conclusion: report.conclusion,
      reason: report.reason ?? null,
      spentMicroUsd: spend.microUsd,
      ...usageOf(report),
      report: reportJson(report),
    },
  })
  await awaitOutcome(transaction, ended, now)
  return settled(await lockedRun(transaction, run.id), {})
}

/** The job had vanished and its draw was posted; now its report proves that less was spent. */
async function refundLate(
  transaction: Prisma.TransactionClient,
  run: RunWithHolds,
  report: Report,
  now: Date,
): Promise<Settled> {
  const spend = spendOf(report)
  for (const hold of holdsInOrder(run)) {
    const posted = amountOf(hold, { microUsd: run.drawnMicroUsd, tokens: run.drawnTokens ?? 0n })
    await post(transaction, run, hold, refundPostings(posted, amountOf(hold, spend)), now)
  }
  const spentMicroUsd = minBigint(run.spentMicroUsd, spend.microUsd)
  await correctSpend(transaction, run, spentMicroUsd)
  await transaction.run.update({
    where: { id: run.id },
    data: { spentMicroUsd, ...usageOf(report), report: reportJson(report) },
  })
  return settled(await lockedRun(transaction, run.id), { late: true })
}

/** Ends a run that no job has claimed: its whole hold is released. Says whether it did; a claimed or ended run is left alone. */
export async function release(
  prisma: PrismaClient,
  runId: string,
  why: 'dispatch-failed' | 'never-started',
  now: Date,
): Promise<boolean> {
  return transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    return run !== undefined && (await end(transaction, run, changeBy(why, standingOf(run)), now))
  })
}

/**
 * Ends a claimed run whose job is gone, as GitHub says: what was drawn is posted as spent, no more and no less, and the
 * rest released. Says whether it did. With `lease: 'over'` only if its lease ran out.
 */
export async function expire(
  prisma: PrismaClient,
  runId: string,
  now: Date,
  lease: 'over' | 'any' = 'any',
): Promise<boolean> {
  return transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    if (run === undefined) return false
    if (lease === 'over' && !(await hasLeaseOver(transaction, runId))) return false
    return end(transaction, run, changeBy('vanish', standingOf(run)), now)
  })
}

/** Ends a run that no job has claimed, and asks a claimed one to end at its next heartbeat. `over`: there was nothing to stop. */
export async function stopRun(prisma: PrismaClient, runId: string, now: Date): Promise<'ended' | 'told' | 'over'> {
  return transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    if (run === undefined) return 'over'
    const change = changeBy('stop', standingOf(run))
    if (await end(transaction, run, change, now)) return 'ended'
    if (change.kind !== 'is-told') return 'over'
    await transaction.run.update({ where: { id: runId }, data: { stopRequested: true } })
    return 'told'
  })
}

/** Says whether the change was an end. */
async function end(
  transaction: Prisma.TransactionClient,
  run: RunWithHolds,
  change: Change,
  now: Date,
): Promise<boolean> {
  if (change.kind !== 'ends') return false
  const drawn = { microUsd: run.drawnMicroUsd, tokens: run.drawnTokens ?? 0n }
  const posted = change.posts === 'drawn' ? drawn : { microUsd: 0n, tokens: 0n }
  await endUnreported(transaction, run, posted, change.ending, now)
  return true
}

async function hasLeaseOver(transaction: Prisma.TransactionClient, runId: string): Promise<boolean> {
  const rows = await transaction.$queryRaw<unknown[]>`SELECT 1 FROM run WHERE id = ${runId} AND ${leaseIsOver}`
  return rows.length === 1
}

async function endUnreported(
  transaction: Prisma.TransactionClient,
  run: RunWithHolds,
  spend: Spend,
  { conclusion, reason }: Ending,
  now: Date,
): Promise<void> {
  for (const hold of holdsInOrder(run)) {
    await post(transaction, run, hold, endPostings('expire', hold.amount, amountOf(hold, spend)), now)
  }
  const ended = await transaction.run.update({
    where: { id: run.id },
    data: { state: 'ended', endedAt: now, conclusion, reason, spentMicroUsd: spend.microUsd },
  })
  await awaitOutcome(transaction, ended, now)
}

/**
 * What follows a run's end, found by the sweep where this process dies: its outcome is decided at once or, where its work
 * is still to be delivered, when that is done or given up.
 */
async function awaitOutcome(transaction: Prisma.TransactionClient, run: Run, now: Date): Promise<void> {
  const isDue = isDeliveryDue({ ...run, ...standingOf(run) }, now)
  if (!isDue) await forgetSubjectWords(transaction, run.id)
  if (!countsInTrial(run)) return
  const decideAfter = isDue ? new Date(now.getTime() + DELIVERY_MS_MAX) : now
  await transaction.run.update({ where: { id: run.id }, data: { decideAfter } })
}

type HoldWithAccount = Hold & { account: Account }
type RunWithHolds = Run & { holds: HoldWithAccount[] }

/** Locks the run's row, so that its end is decided once; then reads it. */
async function lockRun(transaction: Prisma.TransactionClient, runId: string): Promise<RunWithHolds | undefined> {
  const rows = await transaction.$queryRaw<unknown[]>`SELECT 1 FROM run WHERE id = ${runId} FOR UPDATE`
  return rows.length === 0 ? undefined : lockedRun(transaction, runId)
}

async function lockedRun(transaction: Prisma.TransactionClient, runId: string): Promise<RunWithHolds> {
  return transaction.run.findUniqueOrThrow({ where: { id: runId }, include: { holds: { include: { account: true } } } })
}

function holdsInOrder(run: RunWithHolds): readonly HoldWithAccount[] {
  const order = inLockingOrder(run.holds.map((hold) => ({ ...hold.account, hold })))
  return order.map((account) => account.hold)
}

function amountOf(hold: HoldWithAccount, spend: Spend): bigint {
  return hold.account.unit === 'usd' ? spend.microUsd : spend.tokens
}

/** Posts to the account and enters each posting. Where the hold ends with it, it says whether anything was charged. */
async function post(
  transaction: Prisma.TransactionClient,
  run: Run,
  { accountId }: Hold,
  postings: readonly Posting[],
  at: Date,
): Promise<void> {
  const sum = (of: (posting: Posting) => bigint) => postings.reduce((total, one) => total + of(one), 0n)
  const held = sum((one) => one.heldChange)
  const spent = sum((one) => one.spentChange)
  const overage = sum((one) => one.overageChange)
  await transaction.$executeRaw`
    UPDATE account SET
      held = held + ${held}, spent = spent + ${spent}, overage = overage + ${overage}, frozen = frozen OR ${overage > 0n},
      ceiling = CASE WHEN ceiling IS NOT NULL THEN GREATEST(budget, spent + ${spent} + held + ${held}) END
    WHERE id = ${accountId}`
  if (held < 0n) {
    await transaction.hold.update({
      where: { runId_accountId: { runId: run.id, accountId } },
      data: { state: spent > 0n ? 'settled' : 'released' },
    })
  }
  await transaction.entry.createMany({
    data: postings.map((posting) => ({
      ...posting,
      accountId,
      runId: run.id,
      key: `run:${run.id}:${posting.kind}:${accountId}`,
      at,
    })),
  })
}

function usageOf(report: Report) {
  return {
    inputTokens: BigInt(report.inputTokens),
    // A runner is not trusted to add up: the cached ones are part of the input.
    cachedTokens: BigInt(Math.min(report.cachedTokens, report.inputTokens)),
    outputTokens: BigInt(report.outputTokens),
  }
}

function settled({ holds, ...run }: RunWithHolds, how: { repeated?: boolean; late?: boolean }): Settled {
  const accounts = holds.map((hold) => hold.account)
  return {
    run,
    spentMicroUsd: run.spentMicroUsd,
    remainingMicroUsd: remainingIn('usd', accounts),
    overage: run.spentMicroUsd > run.heldMicroUsd || tokensOver(run),
    repeated: how.repeated ?? false,
    late: how.late ?? false,
  }
}

function tokensOver(run: Run): boolean {
  return run.heldTokens !== null && run.inputTokens + run.outputTokens > run.heldTokens
}
