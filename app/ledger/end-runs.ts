/**
 * Ending many runs in one transaction: by their reports, released before they began, or given up as lost; and what a late
 * report proves of one that was given up.
 */
import { createHash } from 'node:crypto'
import { brokenBound, hasEvidence, isPossible, settledSpend, spendOf } from '../../core/money/call-proof.ts'
import { afterPostings, endPostings, type Posting, refundPostings, type Spend } from '../../core/money/posting.ts'
import type { Report } from '../../core/run/report.ts'
import { type Change, changeBy, countsInTrial, isDeliveryDue, type RunEvent } from '../../core/run/run-life.ts'
import type { Sql } from '../database/transact.ts'
import { type EndingRun, lockPayers, lockRuns, type PayingHold } from './lock-runs.ts'
import { type NewEntry, post } from './post.ts'
import { drawnOf, endByReport, endWithoutReport, type GivenReport, given, type RunEnd } from './run-end.ts'
import { type EndedHold, type EndedRun, type Refunded, storeEnds, storeRefund } from './store-ends.ts'

export interface EndRequest {
  readonly runId: string
  readonly now: Date
  readonly by: ByReport<Report> | WithoutReport
}

/** The claim of that epoch. */
interface ByReport<Given> {
  readonly event: 'report'
  readonly epoch: number
  readonly report: Given
}

/** `onlyLeaseOver`: not while the database's clock says that its lease lasts. */
interface WithoutReport {
  readonly event: Exclude<RunEvent, 'report' | 'report-again'>
  readonly onlyLeaseOver?: boolean
}

type ReadyRequest = Omit<EndRequest, 'by'> & { readonly by: ByReport<GivenReport> | WithoutReport }

/** What became of it; `run` and `payers` as they stand afterwards, where there is such a run. */
export interface EndAnswer {
  readonly change: Change
  readonly run?: EndingRun
  readonly payers: readonly PayingHold[]
}

/** Runs are locked before accounts, in the order of `docs/decisions/ledger-writes.md`. */
export async function endRuns(sql: Sql, requests: readonly EndRequest[]): Promise<readonly EndAnswer[]> {
  const ids = requests.map(({ runId }) => runId)
  const [runs, payers, asked] = await Promise.all([lockRuns(sql, ids), lockPayers(sql, ids), readied(requests)])
  const ending = new Ending(runs, payers)
  const answers = asked.map((one) => ending.end(one))
  const { ended, holds, entries, refunded } = ending
  await Promise.all([
    ended.length > 0 && storeEnds(sql, ended, holds),
    entries.length > 0 && post(sql, entries),
    ...refunded.map((one) => storeRefund(sql, one)),
  ])
  return answers
}

/** With the reports' texts, which takes longest and is done while the server looks. */
async function readied(requests: readonly EndRequest[]): Promise<readonly ReadyRequest[]> {
  return requests.map(({ by, ...request }) => ({
    ...request,
    by: by.event === 'report' ? { ...by, report: given(by.report) } : by,
  }))
}

/** Goes through the requests, one after the other, and gathers what is to be written. */
class Ending {
  readonly ended: EndedRun[] = []
  readonly holds: EndedHold[] = []
  readonly entries: NewEntry[] = []
  readonly refunded: Refunded[] = []
  readonly #runs: ReadonlyMap<string, EndingRun>
  readonly #payers: ReadonlyMap<string, readonly PayingHold[]>
  /** As they stand after what was decided so far. */
  readonly #standing: Map<bigint, PayingHold>

  constructor(runs: ReadonlyMap<string, EndingRun>, payers: readonly PayingHold[]) {
    this.#runs = runs
    this.#payers = Map.groupBy(payers, ({ runId }) => runId)
    this.#standing = new Map(payers.map((payer) => [payer.id, payer]))
  }

  end({ runId, now, by }: ReadyRequest): EndAnswer {
    const run = this.#runs.get(runId)
    if (run === undefined) return { change: unknownRun, payers: [] }
    const change = changeOf(run, by)
    const after = this.#carryOut(change, run, by, now)
    return { change, run: after, payers: this.#payersOf(runId) }
  }

  #carryOut(change: Change, run: EndingRun, by: ReadyRequest['by'], now: Date): EndingRun {
    if (change.kind === 'ends') return this.#end(run, 'expire', endWithoutReport(run, change), now)
    if (by.event !== 'report') return run
    if (change.kind === 'settles') return this.#settle(run, by.report, now)
    return change.kind === 'refunds' ? this.#refund(run, by.report, now) : run
  }

  #payersOf(runId: string): readonly PayingHold[] {
    return (this.#payers.get(runId) ?? []).map((payer) => this.#standing.get(payer.id) ?? payer)
  }

  #settle(run: EndingRun, given: GivenReport, now: Date): EndingRun {
    const spend = settledSpend(given.report, run.prices, drawnOf(run))
    return this.#end(run, 'settle', endByReport(given, spend), now)
  }

  #end(run: EndingRun, kind: 'settle' | 'expire', end: RunEnd, now: Date): EndingRun {
    const { conclusion, reason, spend, given } = end
    for (const payer of this.#payers.get(run.id) ?? []) {
      const { id, unit, amount } = payer
      const why = brokenBound(unit, given?.report.calls ?? [], run.prices)
      const postings = endPostings(kind, amount, amountIn(unit, spend), why !== undefined)
      this.#post(run, payer, postings, why, now)
      const isCharged = postings.some(({ spentChange }) => spentChange > 0n)
      this.holds.push({ run_id: run.id, account_id: `${id}`, state: isCharged ? 'settled' : 'released' })
    }
    const ended = { state: 'ended', conclusion, reason, hasReport: given !== undefined } as const
    const isDue = isDeliveryDue({ ...ended, deliveredAt: null })
    this.ended.push({
      report: given?.text ?? null,
      row: {
        id: run.id,
        ended_at: now,
        conclusion,
        reason,
        spent_micro_usd: `${spend.microUsd}`,
        input_tokens: end.inputTokens,
        cached_tokens: end.cachedTokens,
        output_tokens: end.outputTokens,
        // Of work that is still to be delivered, when that is done.
        decide_after: countsInTrial(ended) && !isDue ? now : null,
        forget: !isDue,
      },
    })
    return { ...run, state: 'ended', reason, ...usageOf(end) }
  }

  /** It stays as it ended. A report without evidence changes nothing, so that one with evidence may still come. */
  #refund(run: EndingRun, given: GivenReport, now: Date): EndingRun {
    if (!hasEvidence(given.report)) return run
    const spend = spendOf(given.report, run.prices)
    const end = endByReport(given, spend)
    const drawn = drawnOf(run)
    for (const payer of this.#payers.get(run.id) ?? []) {
      const { unit } = payer
      const why = brokenBound(unit, given.report.calls, run.prices)
      const postings = refundPostings(amountIn(unit, drawn), amountIn(unit, spend), why !== undefined)
      this.#post(run, payer, postings, why, now)
    }
    this.refunded.push({ ...end, runId: run.id, spentMicroUsd: spend.microUsd, report: given.text })
    return { ...run, ...usageOf(end) }
  }

  /** `why` is said with an overage, so that whoever looks at the frozen account knows which price to look at. */
  #post(run: EndingRun, { id }: PayingHold, postings: readonly Posting[], why: string | undefined, at: Date): void {
    for (const posting of postings) {
      const key = `run:${run.id}:${posting.kind}:${id}`
      const note = posting.kind === 'overage' ? why : undefined
      this.entries.push({ accountId: id, runId: run.id, posting, key, note, at })
    }
    const standing = this.#standing.get(id)
    if (standing !== undefined) this.#standing.set(id, afterPostings(standing, postings))
  }
}

function amountIn(unit: PayingHold['unit'], spend: Spend): bigint {
  return unit === 'usd' ? spend.microUsd : spend.tokens
}

function usageOf({ spend }: RunEnd): Pick<EndingRun, 'spentMicroUsd' | 'usedTokens'> {
  return { spentMicroUsd: spend.microUsd, usedTokens: spend.tokens }
}

const unknownRun: Change = { kind: 'refuses', reason: 'run-unknown' }
const nothingChanges: Change = { kind: 'stays' }

function changeOf(run: EndingRun, by: ReadyRequest['by']): Change {
  const standing = { state: run.state, reason: run.reason, hasReport: run.reportHash !== null }
  if (by.event !== 'report') {
    if (by.onlyLeaseOver === true && !run.leaseIsOver) return nothingChanges
    return changeBy(by.event, standing)
  }
  if (run.epoch === 0) return unknownRun
  if (run.epoch !== by.epoch) return { kind: 'refuses', reason: 'already-claimed' }
  if (!isPossible(spendOf(by.report.report, run.prices))) return { kind: 'refuses', reason: 'bad-request' }
  return changeBy(isSameReport(run, by.report) ? 'report-again' : 'report', standing)
}

function isSameReport({ reportHash }: EndingRun, { text }: GivenReport): boolean {
  return reportHash !== null && reportHash === createHash('sha256').update(text).digest('hex')
}
