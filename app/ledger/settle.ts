/** How a run ends in the books: settled by its report, released before it began, or expired when its job vanished. */
import { brokenBound } from '../../core/money/call-proof.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import type { Report } from '../../core/run/report.ts'
import { undeliverableReason } from '../../core/run/run-life.ts'
import { scarcestIn } from './accounts.ts'
import type { EndAnswer } from './end-runs.ts'
import type { Ledger } from './ledger.ts'
import type { PayingHold } from './lock-runs.ts'

export interface Settled {
  /** The whole spend, an overage included. */
  readonly spentMicroUsd: bigint
  /** The account in money that paid, and what is left in it; undefined where tokens paid. */
  readonly remaining: { readonly account: Pick<PayingHold, 'kind' | 'name'>; readonly left: bigint } | undefined
  /** More was spent than was held, or than was reserved for a call: the accounts that paid are frozen, and somebody has to look. */
  readonly overage: boolean
  /** The same report had been settled before; nothing changed. */
  readonly repeated: boolean
  /** The run had been given up: the report brought back at the most what it proves was not spent, and its work is not delivered. */
  readonly late: boolean
}

export interface SettleRequest {
  readonly runId: string
  readonly epoch: number
  readonly report: Report
  readonly now: Date
}

/**
 * Settles a claimed run by its report: posts what that proves, releases the rest. Of an expired run a report can only refund,
 * once, down to its calls' evidence, and not at all without any. Refuses with `run-unknown` (also when nobody has claimed
 * it), `already-claimed` (an older claim), `run-over` (ended by another report) or
 * `bad-request` (more than any run can have used).
 */
export async function settle(ledger: Ledger, request: SettleRequest): Promise<Settled | Refusal> {
  const { runId, epoch, report, now } = request
  const answer = await ledger.ending.add({ runId, now, by: { event: 'report', epoch, report } })
  if (answer.change.kind === 'refuses') return refuse(answer.change.reason)
  return settled(answer, report)
}

function settled({ change, run, payers }: EndAnswer, report: Report): Settled {
  if (run === undefined) throw new Error('a run was settled that is not there')
  const { spentMicroUsd, usedTokens } = run
  // Of what had vanished the draw was posted; what a late report shows beyond it is an overage.
  const isLost = run.reason === undeliverableReason
  const boundMicroUsd = isLost ? run.drawnMicroUsd : run.heldMicroUsd
  const boundTokens = isLost ? run.drawnTokens : run.heldTokens
  const isBeyondHold = spentMicroUsd > boundMicroUsd || (boundTokens !== null && usedTokens > boundTokens)
  return {
    spentMicroUsd,
    remaining: scarcestIn('usd', payers),
    overage: isBeyondHold || payers.some(({ unit }) => brokenBound(unit, report.calls, run.prices) !== undefined),
    repeated: change.kind === 'stays',
    late: change.kind === 'refunds',
  }
}

/** Ends a run that no job has claimed: its whole hold is released. Says whether it did; a claimed or ended run is left alone. */
export async function release(
  ledger: Ledger,
  runId: string,
  why: 'dispatch-failed' | 'never-started',
  now: Date,
): Promise<boolean> {
  const { change } = await ledger.ending.add({ runId, now, by: { event: why } })
  return change.kind === 'ends'
}

/**
 * Ends a claimed run whose job is gone, as GitHub says: what was drawn is posted as spent, no more and no less, and the
 * rest released. Says whether it did. With `lease: 'over'` only if its lease ran out.
 */
export async function expire(
  ledger: Ledger,
  runId: string,
  now: Date,
  lease: 'over' | 'any' = 'any',
): Promise<boolean> {
  const { change } = await ledger.ending.add({ runId, now, by: { event: 'vanish', onlyLeaseOver: lease === 'over' } })
  return change.kind === 'ends'
}

/** Ends a run that no job has claimed, and asks a claimed one to end at its next heartbeat. `over`: there was nothing to stop. */
export async function stopRun(ledger: Ledger, runId: string, now: Date): Promise<Told> {
  return tell(ledger, runId, 'stop', { stopRequested: true }, now)
}

/** As `stopRun`, for a run that is to be gone on with: a claimed one sends a checkpoint first. */
export async function pauseRun(ledger: Ledger, runId: string, now: Date): Promise<Told> {
  return tell(ledger, runId, 'pause', { pauseRequested: true }, now)
}

export type Told = 'ended' | 'told' | 'over'

async function tell(
  ledger: Ledger,
  runId: string,
  event: 'stop' | 'pause',
  data: { readonly stopRequested: true } | { readonly pauseRequested: true },
  now: Date,
): Promise<Told> {
  const { change } = await ledger.ending.add({ runId, now, by: { event } })
  if (change.kind === 'ends') return 'ended'
  if (change.kind !== 'is-told') return 'over'
  const { count } = await ledger.prisma.run.updateMany({ where: { id: runId, state: 'claimed' }, data })
  return count === 1 ? 'told' : 'over'
}
