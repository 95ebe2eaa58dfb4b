/** How a run ends in the books: settled by its report, released before it began, or expired when its job vanished. */
import { isDeepStrictEqual } from 'node:util'
import { type Settlement, type Spend, settlement, spendOf } from '../../core/ledger.ts'
import { type ReasonCode, type Refusal, refuse } from '../../core/reason.ts'
import type { Report } from '../../core/report.ts'
import type { Conclusion } from '../../core/run.ts'
import { type Account, type Hold, Prisma, type PrismaClient, type Run } from '../../prisma/client/client.ts'
import { leaseIsOver } from '../database/clock.ts'
import { transact } from '../database/transact.ts'
import { inLockingOrder, remainingIn } from './accounts.ts'
import { forgetSubjectWords } from './delivery.ts'
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
    if (run.state === 'claimed') return settleClaimed(transaction, run, report, now)
    if (run.report === null) return refundLate(transaction, run, report, now)
    if (!isDeepStrictEqual(run.report, reportJson(report))) return refuse('run-over')
    return settled(run, { repeated: true })
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
    await endHold(transaction, run, hold, settlement(hold.amount, amountOf(hold, spend)), 'settle', now)
  }
  await transaction.run.update({
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
    const { released } = settlement(posted, amountOf(hold, spend))
    if (released > 0n) await refund(transaction, run, hold, released, now)
  }
  const { charged: spentMicroUsd } = settlement(run.spentMicroUsd, spend.microUsd)
  await correctSpend(transaction, run, spentMicroUsd)
  await transaction.run.update({
    where: { id: run.id },
    data: { spentMicroUsd, ...usageOf(report), report: reportJson(report) },
  })
  return settled(await lockedRun(transaction, run.id), { late: true })
}

/** How a run ended that sent no report. */
export interface Ending {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode
}

/** Ends a run that no job has claimed: its whole hold is released. Says whether it did; a claimed or ended run is left alone. */
export async function release(prisma: PrismaClient, runId: string, ending: Ending, now: Date): Promise<boolean> {
  return transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    if (run === undefined || run.state === 'claimed' || run.state === 'ended') return false
    await endUnreported(transaction, run, { microUsd: 0n, tokens: 0n }, ending, now)
    return true
  })
}

/**
 * Ends a claimed run whose job is gone, as GitHub says: what was drawn is posted as spent, no more and no less, and the
 * rest released. Says whether it did. With `lease: 'over'` only if its lease ran out.
 */
export async function expire(
  prisma: PrismaClient,
  runId: string,
  ending: Ending,
  now: Date,
  lease: 'over' | 'any' = 'any',
): Promise<boolean> {
  return transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    if (run === undefined || run.state !== 'claimed') return false
    if (lease === 'over' && !(await hasLeaseOver(transaction, runId))) return false
    const drawn = { microUsd: run.drawnMicroUsd, tokens: run.drawnTokens ?? 0n }
    await endUnreported(transaction, run, drawn, ending, now)
    return true
  })
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
    await endHold(transaction, run, hold, settlement(hold.amount, amountOf(hold, spend)), 'expire', now)
  }
  await transaction.run.update({
    where: { id: run.id },
    data: { state: 'ended', endedAt: now, conclusion, reason, spentMicroUsd: spend.microUsd },
  })
  await forgetSubjectWords(transaction, run.id)
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

/** A ceiling that a lowered budget lies below follows what is spent and held down to the budget. */
const shrunkCeiling = (spent: bigint, held: bigint) =>
  Prisma.sql`CASE WHEN ceiling IS NOT NULL THEN GREATEST(budget, spent + ${spent} + held + ${held}) END`

async function endHold(
  transaction: Prisma.TransactionClient,
  run: Run,
  hold: HoldWithAccount,
  { charged, overage, released }: Settlement,
  kind: 'settle' | 'expire',
  at: Date,
): Promise<void> {
  await transaction.$executeRaw`
    UPDATE account SET
      held = held - ${hold.amount}, spent = spent + ${charged}, overage = overage + ${overage},
      frozen = frozen OR ${overage > 0n}, ceiling = ${shrunkCeiling(charged, -hold.amount)}
    WHERE id = ${hold.accountId}`
  await transaction.hold.update({
    where: { runId_accountId: { runId: run.id, accountId: hold.accountId } },
    data: { state: charged > 0n ? 'settled' : 'released' },
  })
  const entry = (name: 'settle' | 'expire' | 'release' | 'overage') => ({
    accountId: hold.accountId,
    runId: run.id,
    kind: name,
    key: `run:${run.id}:${name}:${hold.accountId}`,
    at,
  })
  await transaction.entry.createMany({
    data: [
      ...(charged > 0n ? [{ ...entry(kind), heldChange: -charged, spentChange: charged }] : []),
      ...(released > 0n ? [{ ...entry('release'), heldChange: -released }] : []),
      ...(overage > 0n ? [{ ...entry('overage'), overageChange: overage }] : []),
    ],
  })
}

async function refund(
  transaction: Prisma.TransactionClient,
  run: Run,
  hold: HoldWithAccount,
  amount: bigint,
  at: Date,
): Promise<void> {
  await transaction.$executeRaw`
    UPDATE account SET spent = spent - ${amount}, ceiling = ${shrunkCeiling(-amount, 0n)}
    WHERE id = ${hold.accountId}`
  await transaction.entry.create({
    data: {
      accountId: hold.accountId,
      runId: run.id,
      kind: 'refund',
      spentChange: -amount,
      key: `run:${run.id}:refund:${hold.accountId}`,
      at,
    },
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
