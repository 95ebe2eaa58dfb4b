/**
 * The ledger in memory. It decides nothing by itself: what is meant, held, posted and allowed comes from `core`, so that
 * the simulator tests the rules that the App carries out on its database.
 */
import { isDeepStrictEqual } from 'node:util'
import { type AccountSpec, accountMeant, namesOf, newAccount, termsOf } from '../core/money/account.ts'
import { brokenBound, hasEvidence, settledSpend, spendOf } from '../core/money/call-proof.ts'
import { firstTranche, holdAmount } from '../core/money/hold.ts'
import { minBigint } from '../core/money/money.ts'
import {
  afterPostings,
  budgetPosting,
  endPostings,
  type Posting,
  refundPostings,
  reservePosting,
  type Spend,
} from '../core/money/posting.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { LEASE_SECONDS } from '../core/run/protocol.ts'
import type { Report } from '../core/run/report.ts'
import { type Change, changeBy, mayClaimAgain, type RunEvent, type RunStanding } from '../core/run/run-life.ts'
import type { Claimed, Drawn, Ledger, ReserveAsk, Reserved, Settled, Sweep } from './ledger.ts'
import { PureBooks } from './pure-books.ts'
import { type PureAccount, type PureHold, PureRows, type PureRun } from './pure-rows.ts'

const LEASE_MS = LEASE_SECONDS * 1000
const NOTHING: Spend = { microUsd: 0n, tokens: 0n }

export class PureLedger implements Ledger {
  protected readonly rows = new PureRows()
  readonly books = new PureBooks(this.rows)
  readonly #clockMs: () => number

  /** `clockMs`: the ledger's own clock, on which leases run. */
  constructor(clockMs: () => number) {
    this.#clockMs = clockMs
  }

  async configure(repositoryId: number, specs: readonly AccountSpec[], now: Date): Promise<void> {
    for (const spec of specs) this.ensure(repositoryId, spec, now)
  }

  async reserve(ask: ReserveAsk): Promise<Reserved | Refusal> {
    const { repositoryId, subjectKey, commandKey, capMicroUsd, capTokens, floorMicroUsd, now } = ask
    const payers = ask.accounts.map((spec) => this.ensure(repositoryId, spec, now))
    const first = this.rows.byCommand(repositoryId, commandKey)
    if (first !== undefined && changeBy('reserve', standingOf(first)).kind === 'stays') return reserved(first, true)
    if (this.rows.isOpenOn(repositoryId, subjectKey)) return refuse('already-running')
    const hold = holdAmount({ capMicroUsd, floorMicroUsd, capTokens }, payers)
    if (isRefusal(hold)) return hold

    const heldTokens = hold.heldTokens ?? null
    const holds = payers.map(({ id, unit }) => ({
      accountId: id,
      amount: unit === 'usd' ? hold.heldMicroUsd : (hold.heldTokens ?? 0n),
      open: true,
    }))
    const run: PureRun = {
      id: `run-${this.rows.runs.size + 1}`,
      repositoryId,
      subjectKey,
      state: 'reserved',
      reason: null,
      report: null,
      epoch: 0,
      jobKey: null,
      heardAt: null,
      leaseUntilMs: 0,
      reservedMs: this.#clockMs(),
      capMicroUsd,
      heldMicroUsd: hold.heldMicroUsd,
      heldTokens,
      drawnMicroUsd: 0n,
      drawnTokens: heldTokens === null ? null : 0n,
      spentMicroUsd: 0n,
      stopRequested: false,
      holds,
    }
    this.rows.putRun(run)
    this.rows.putCommand(repositoryId, commandKey, run.id)
    for (const { accountId, amount } of holds) this.post(accountId, run.id, [reservePosting(amount)])
    return reserved(run, false)
  }

  async dispatch(runId: string): Promise<void> {
    const run = this.rows.runs.get(runId)
    const change = run && changeBy('dispatch', standingOf(run))
    if (run !== undefined && change?.kind === 'moves') this.rows.putRun({ ...run, state: change.to })
  }

  async claim(ask: { runId: string; repositoryId: number; jobKey: string }): Promise<Claimed | Refusal> {
    const run = this.rows.runs.get(ask.runId)
    if (run === undefined || run.repositoryId !== ask.repositoryId) return refuse('run-unknown')
    const isAgain = run.state === 'claimed' && mayClaimAgain(run, ask.jobKey)
    const change = changeBy(isAgain ? 'claim-again' : 'claim', standingOf(run))
    if (change.kind === 'refuses') return refuse(change.reason)
    const claimed: PureRun = {
      ...run,
      state: 'claimed',
      epoch: run.epoch + 1,
      jobKey: ask.jobKey,
      leaseUntilMs: this.#clockMs() + LEASE_MS,
      drawnMicroUsd: firstTranche('usd', run.heldMicroUsd),
      drawnTokens: run.heldTokens === null ? null : firstTranche('tokens', run.heldTokens),
    }
    this.rows.putRun(claimed)
    return claimed
  }

  async draw(ask: {
    runId: string
    epoch: number
    wantMicroUsd: bigint
    wantTokens?: bigint | undefined
  }): Promise<Drawn | Refusal> {
    const run = this.rows.runs.get(ask.runId)
    if (run === undefined) return refuse('run-unknown')
    if (run.state !== 'claimed' || run.epoch !== ask.epoch) {
      if (run.state === 'ended') return refuse('run-over')
      return refuse(run.state === 'claimed' ? 'already-claimed' : 'run-unknown')
    }
    const drawn: PureRun = {
      ...run,
      drawnMicroUsd: upTo(run.heldMicroUsd, run.drawnMicroUsd, ask.wantMicroUsd),
      drawnTokens: run.heldTokens === null ? null : upTo(run.heldTokens, run.drawnTokens ?? 0n, ask.wantTokens ?? 0n),
      leaseUntilMs: this.#clockMs() + LEASE_MS,
      heardAt: new Date(this.#clockMs()),
    }
    this.rows.putRun(drawn)
    return drawn
  }

  async settle(ask: { runId: string; epoch: number; report: Report }): Promise<Settled | Refusal> {
    const { report } = ask
    const run = this.rows.runs.get(ask.runId)
    if (run === undefined || run.epoch === 0) return refuse('run-unknown')
    if (run.epoch !== ask.epoch) return refuse('already-claimed')
    const isAgain = run.report !== null && isDeepStrictEqual(run.report, report)
    const change = changeBy(isAgain ? 'report-again' : 'report', standingOf(run))
    if (change.kind === 'refuses') return refuse(change.reason)
    if (change.kind === 'settles') {
      const spend = settledSpend(report, {}, drawnOf(run))
      this.end(run, 'settle', spend, { reason: report.reason ?? null, report })
    } else if (change.kind === 'refunds') {
      this.refund(run, report)
    }
    return { repeated: change.kind === 'stays', late: change.kind === 'refunds' }
  }

  async vanish(runId: string): Promise<boolean> {
    return this.#endBy('vanish', this.rows.runs.get(runId))
  }

  async release(runId: string): Promise<boolean> {
    return this.#endBy('dispatch-failed', this.rows.runs.get(runId))
  }

  async stop(runId: string): Promise<'ended' | 'told' | 'over'> {
    const run = this.rows.runs.get(runId)
    if (run === undefined) return 'over'
    if (this.#endBy('stop', run)) return 'ended'
    if (changeBy('stop', standingOf(run)).kind !== 'is-told') return 'over'
    this.rows.putRun({ ...run, stopRequested: true })
    return 'told'
  }

  async sweep(ages: Sweep): Promise<readonly string[]> {
    return this.rows.openRuns().flatMap((run) => {
      const event = this.#sweptBy(run, ages)
      return event !== undefined && this.#endBy(event, run) ? [run.id] : []
    })
  }

  async thaw(accountId: string): Promise<boolean> {
    const account = this.rows.account(accountId)
    if (!account.frozen) return false
    this.rows.putAccount({ ...account, frozen: false })
    this.enter(accountId, null, [{ ...budgetPosting(0n), kind: 'thaw' }])
    return true
  }

  #sweptBy(run: PureRun, { unstartedMs, undispatchedMs }: Sweep): RunEvent | undefined {
    if (run.state === 'claimed') return run.leaseUntilMs < this.#clockMs() ? 'vanish' : undefined
    const ageMs = this.#clockMs() - run.reservedMs
    if (ageMs > unstartedMs) return 'never-started'
    return run.state === 'reserved' && ageMs > undispatchedMs ? 'dispatch-failed' : undefined
  }

  #endBy(event: RunEvent, run: PureRun | undefined): boolean {
    if (run === undefined) return false
    const change: Change = changeBy(event, standingOf(run))
    if (change.kind !== 'ends') return false
    this.end(run, 'expire', change.posts === 'drawn' ? drawnOf(run) : NOTHING, { reason: change.ending.reason })
    return true
  }

  /** The account meant by `spec` as configuration has it now; opened where there is none. */
  protected ensure(repositoryId: number, spec: AccountSpec, now: Date): PureAccount {
    const rows = namesOf(spec)
      .flatMap((name) => this.rows.accountsEverNamed(repositoryId, spec.kind, name))
      .filter(({ periodStart, periodEnd }) => periodStart < spec.periodEnd && spec.periodStart < periodEnd)
    const meant = accountMeant(spec, rows, now)
    return 'account' in meant ? this.adjust(meant.account, spec) : this.open(repositoryId, spec, meant.period)
  }

  protected open(repositoryId: number, spec: AccountSpec, period: { start: Date; end: Date }): PureAccount {
    const account: PureAccount = {
      ...newAccount(spec, period),
      id: `account-${this.rows.accounts.size + 1}`,
      repositoryId,
    }
    this.rows.putAccount(account)
    this.enter(account.id, null, [budgetPosting(spec.budget)])
    return account
  }

  protected adjust(account: PureAccount, spec: AccountSpec): PureAccount {
    const terms = termsOf(account, spec)
    const adjusted = { ...account, ...terms }
    if (terms.budget !== account.budget) this.enter(account.id, null, [budgetPosting(terms.budget - account.budget)])
    if (terms.name !== account.name) this.enter(account.id, null, [{ ...budgetPosting(0n), kind: 'renamed' }])
    this.rows.putAccount(adjusted)
    return adjusted
  }

  /** Ends a run: what was spent is posted, the rest of each hold released. */
  protected end(
    run: PureRun,
    kind: 'settle' | 'expire',
    spend: Spend,
    how: Pick<PureRun, 'reason'> & Partial<Pick<PureRun, 'report'>>,
  ): void {
    const holds = run.holds.map((hold) => ({ ...hold, open: false }))
    this.rows.putRun({ ...run, ...how, state: 'ended', spentMicroUsd: spend.microUsd, holds })
    for (const hold of run.holds) {
      const postings = endPostings(kind, hold.amount, this.amountOf(hold, spend), this.#isBoundBroken(hold, how.report))
      this.post(hold.accountId, run.id, postings)
    }
  }

  protected refund(run: PureRun, report: Report): void {
    if (!hasEvidence(report)) return
    const spend = spendOf(report, {})
    for (const hold of run.holds) {
      const posted = this.amountOf(hold, drawnOf(run))
      const postings = refundPostings(posted, this.amountOf(hold, spend), this.#isBoundBroken(hold, report))
      this.post(hold.accountId, run.id, postings)
    }
    this.rows.putRun({ ...run, spentMicroUsd: minBigint(run.spentMicroUsd, spend.microUsd), report })
  }

  #isBoundBroken({ accountId }: PureHold, report: Report | null | undefined): boolean {
    return brokenBound(this.rows.account(accountId).unit, report?.calls ?? [], {}) !== undefined
  }

  protected amountOf({ accountId }: PureHold, spend: Spend): bigint {
    return this.rows.account(accountId).unit === 'usd' ? spend.microUsd : spend.tokens
  }

  /** Moves the account and enters why. */
  protected post(accountId: string, runId: string, postings: readonly Posting[]): void {
    this.rows.putAccount(afterPostings(this.rows.account(accountId), postings))
    this.enter(accountId, runId, postings)
  }

  protected enter(accountId: string, runId: string | null, postings: readonly Posting[]): void {
    for (const posting of postings) this.rows.entries.push({ ...posting, accountId, runId })
  }
}

function drawnOf({ drawnMicroUsd, drawnTokens }: PureRun): Spend {
  return { microUsd: drawnMicroUsd, tokens: drawnTokens ?? 0n }
}

function standingOf(run: PureRun): RunStanding {
  return { state: run.state, reason: run.reason, hasReport: run.report !== null }
}

function reserved(run: PureRun, repeated: boolean): Reserved {
  return {
    runId: run.id,
    state: run.state,
    heldMicroUsd: run.heldMicroUsd,
    heldTokens: run.heldTokens,
    repeated,
  }
}

function upTo(most: bigint, now: bigint, wanted: bigint): bigint {
  const within = minBigint(most, wanted)
  return within > now ? within : now
}
