/** Ledgers that break one rule each, so that one sees that the simulator can fail. */
import type { AccountSpec } from '../../core/money/account.ts'
import { spendOf } from '../../core/money/call-proof.ts'
import { endPostings, type Posting, refundPostings, type Spend } from '../../core/money/posting.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { Report } from '../../core/run/report.ts'
import type { Claimed, Drawn, Settled } from '../../simulation/ledger.ts'
import { PureLedger } from '../../simulation/pure-ledger.ts'
import type { PureAccount, PureRun } from '../../simulation/pure-rows.ts'

type Ending = Parameters<PureLedger['end']>[3]

/** Without a look at the ceiling. */
function add(account: PureAccount, postings: readonly Posting[]): PureAccount {
  const sum = (of: (posting: Posting) => bigint) => postings.reduce((total, one) => total + of(one), 0n)
  return {
    ...account,
    held: account.held + sum((one) => one.heldChange),
    spent: account.spent + sum((one) => one.spentChange),
    overage: account.overage + sum((one) => one.overageChange),
  }
}

export class SettlesTwice extends PureLedger {
  protected override end(run: PureRun, kind: 'settle' | 'expire', spend: Spend, how: Ending): void {
    super.end(run, kind, spend, how)
    if (kind !== 'settle') return
    for (const hold of run.holds) {
      this.post(hold.accountId, run.id, endPostings(kind, hold.amount, this.amountOf(hold, spend)))
    }
  }
}

/** Decides on what it read before, and does not look again. */
export class ForgetsTheRoom extends PureLedger {
  protected override ensure(repositoryId: number, spec: AccountSpec, now: Date): PureAccount {
    return { ...super.ensure(repositoryId, spec, now), held: 0n }
  }

  protected override post(accountId: string, runId: string, postings: readonly Posting[]): void {
    this.rows.putAccount(add(this.rows.account(accountId), postings))
    this.enter(accountId, runId, postings)
  }
}

export class ReleasesTooMuch extends PureLedger {
  protected override end(run: PureRun, kind: 'settle' | 'expire', spend: Spend, how: Ending): void {
    super.end(run, kind, spend, how)
    const [hold] = run.holds
    const account = hold && this.rows.account(hold.accountId)
    if (account !== undefined && account.held > 0n) this.rows.putAccount({ ...account, held: account.held - 1n })
  }
}

export class ForgetsAnEntry extends PureLedger {
  protected override enter(accountId: string, runId: string | null, postings: readonly Posting[]): void {
    super.enter(
      accountId,
      runId,
      postings.filter(({ kind }) => kind !== 'release'),
    )
  }
}

export class StartsAfreshOnRename extends PureLedger {
  protected override adjust(account: PureAccount, spec: AccountSpec): PureAccount {
    if (account.name === spec.name) return super.adjust(account, spec)
    return this.open(account.repositoryId, spec, { start: account.periodStart, end: account.periodEnd })
  }
}

export class StartsAfreshOnAnotherPeriod extends PureLedger {
  protected override adjust(account: PureAccount, spec: AccountSpec): PureAccount {
    if (spec.kind === 'experiment' || account.periodEnd.getTime() === spec.periodEnd.getTime()) {
      return super.adjust(account, spec)
    }
    return this.open(account.repositoryId, spec, { start: spec.periodStart, end: spec.periodEnd })
  }
}

/** As it was: where a period had ended before the reservation came, its account was opened for no time at all. */
export class OpensWhatHasEnded extends PureLedger {
  protected override ensure(repositoryId: number, spec: AccountSpec, now: Date): PureAccount {
    if (spec.kind === 'experiment' || now < spec.periodEnd) return super.ensure(repositoryId, spec, now)
    return this.open(repositoryId, spec, { start: spec.periodEnd, end: spec.periodEnd })
  }
}

/** As it was: an experiment that was extended after its end had its whole budget again. */
export class StartsAfreshOnExtension extends PureLedger {
  protected override ensure(repositoryId: number, spec: AccountSpec, now: Date): PureAccount {
    const [last] = this.rows
      .accountsEverNamed(repositoryId, spec.kind, spec.name)
      .toSorted((a, b) => b.periodEnd.getTime() - a.periodEnd.getTime())
    if (spec.kind !== 'experiment' || last === undefined) return super.ensure(repositoryId, spec, now)
    if (now < last.periodEnd) return last
    return this.open(repositoryId, spec, { start: last.periodEnd, end: spec.periodEnd })
  }
}

/** As it was: who had read the configuration before a rename opened the account by its old name, with its whole budget. */
export class ForgetsFormerNames extends PureLedger {
  protected override adjust(account: PureAccount, spec: AccountSpec): PureAccount {
    const adjusted = { ...super.adjust(account, spec), formerNames: [] }
    this.rows.putAccount(adjusted)
    return adjusted
  }
}

export class CutsTheCeilingAtOnce extends PureLedger {
  protected override adjust(account: PureAccount, spec: AccountSpec): PureAccount {
    const adjusted = super.adjust(account, spec)
    if (adjusted.ceiling !== null) this.rows.putAccount({ ...adjusted, ceiling: adjusted.budget })
    return adjusted
  }
}

export class RefundsBeyondEvidence extends PureLedger {
  protected override refund(run: PureRun, report: Report): void {
    super.refund(run, { ...report, spentMicroUsd: 0n, inputTokens: 0, outputTokens: 0, calls: [], noCallSent: true })
  }
}

/** As it was before the simulator found it: what a late report showed beyond the draw was entered nowhere. */
export class ForgetsLateOverages extends PureLedger {
  protected override refund(run: PureRun, report: Report): void {
    const spend = spendOf(report, {})
    for (const hold of run.holds) {
      const posted = this.amountOf(hold, { microUsd: run.drawnMicroUsd, tokens: run.drawnTokens ?? 0n })
      const proven = this.amountOf(hold, spend)
      if (proven < posted) this.post(hold.accountId, run.id, refundPostings(posted, proven))
    }
    this.rows.putRun({ ...run, report })
  }
}

export class ExpiresForNothing extends PureLedger {
  protected override end(run: PureRun, kind: 'settle' | 'expire', spend: Spend, how: Ending): void {
    super.end(run, kind, kind === 'expire' ? { microUsd: 0n, tokens: 0n } : spend, how)
  }
}

export class SettlesForLess extends PureLedger {
  protected override end(run: PureRun, kind: 'settle' | 'expire', spend: Spend, how: Ending): void {
    const less = { microUsd: (spend.microUsd * 9n) / 10n, tokens: (spend.tokens * 9n) / 10n }
    super.end(run, kind, kind === 'settle' ? less : spend, how)
  }
}

export class PostsElsewhere extends PureLedger {
  protected override post(accountId: string, runId: string, postings: readonly Posting[]): void {
    const [other = accountId] = this.rows.accounts.keys()
    super.post(postings.some(({ kind }) => kind === 'settle') ? other : accountId, runId, postings)
  }
}

export class GivesARunToAnyJob extends PureLedger {
  override async claim(ask: Parameters<PureLedger['claim']>[0]): Promise<Claimed | Refusal> {
    const run = this.rows.runs.get(ask.runId)
    if (run?.state === 'claimed') this.rows.putRun({ ...run, jobKey: ask.jobKey, heardAt: null })
    return super.claim(ask)
  }
}

export class ClaimsWithoutAnEpoch extends PureLedger {
  override async claim(ask: Parameters<PureLedger['claim']>[0]): Promise<Claimed | Refusal> {
    const claimed = await super.claim(ask)
    const run = this.rows.runs.get(ask.runId)
    if (isRefusal(claimed) || run === undefined) return claimed
    this.rows.putRun({ ...run, epoch: 1 })
    return { ...claimed, epoch: 1 }
  }
}

export class DrawsBeyondTheHold extends PureLedger {
  override async draw(ask: Parameters<PureLedger['draw']>[0]): Promise<Drawn | Refusal> {
    const drawn = await super.draw(ask)
    const run = this.rows.runs.get(ask.runId)
    if (isRefusal(drawn) || run === undefined) return drawn
    this.rows.putRun({ ...run, drawnMicroUsd: run.drawnMicroUsd + 1n })
    return { ...drawn, drawnMicroUsd: drawn.drawnMicroUsd + 1n }
  }
}

export class TakesBackWhatIsDrawn extends PureLedger {
  override async draw(ask: Parameters<PureLedger['draw']>[0]): Promise<Drawn | Refusal> {
    const drawn = await super.draw(ask)
    const run = this.rows.runs.get(ask.runId)
    if (isRefusal(drawn) || run === undefined) return drawn
    const drawnMicroUsd = ask.wantMicroUsd < run.heldMicroUsd ? ask.wantMicroUsd : run.heldMicroUsd
    this.rows.putRun({ ...run, drawnMicroUsd })
    return { ...drawn, drawnMicroUsd }
  }
}

/** Draws less than is asked and held. */
export class DrawsTooLittle extends PureLedger {
  override async draw(ask: Parameters<PureLedger['draw']>[0]): Promise<Drawn | Refusal> {
    return super.draw({ ...ask, wantMicroUsd: ask.wantMicroUsd / 2n })
  }
}

export class RefusesTooSoon extends PureLedger {
  protected override ensure(repositoryId: number, spec: AccountSpec, now: Date): PureAccount {
    const account = super.ensure(repositoryId, spec, now)
    return account.ceiling === null ? account : { ...account, ceiling: (account.ceiling * 9n) / 10n }
  }
}

export class NeverSweeps extends PureLedger {
  override async sweep(): Promise<readonly string[]> {
    return []
  }
}

/** Takes a second report for a run that has ended, as if it were the first. */
export class SettlesWhatHasEnded extends PureLedger {
  override async settle(ask: Parameters<PureLedger['settle']>[0]): Promise<Settled | Refusal> {
    const run = this.rows.runs.get(ask.runId)
    if (run?.state === 'ended') this.rows.putRun({ ...run, state: 'claimed', report: null })
    return super.settle(ask)
  }
}
