/**
 * What must hold of the raw rows at every moment. Shares nothing with the ledger: no rule of `core/money/account.ts`,
 * `core/money/hold.ts` or `core/money/posting.ts` is used here, only sums and comparisons of its own.
 */
import type { AccountFacts, EntryFacts, RunFacts } from './ledger.ts'
import type { RunTruth } from './truth.ts'
import { InvariantBroken } from './violation.ts'

export interface Figures {
  overshootMicroUsd: bigint
  overshootTokens: bigint
  lostMicroUsd: bigint
  lostTokens: bigint
  stuckHolds: number
  falseRefusals: number
}

export function noFigures(): Figures {
  return {
    overshootMicroUsd: 0n,
    overshootTokens: 0n,
    lostMicroUsd: 0n,
    lostTokens: 0n,
    stuckHolds: 0,
    falseRefusals: 0,
  }
}

/** What a run was last seen to be; it only ever moves on. */
interface Seen {
  readonly epoch: number
  readonly ended: boolean
  readonly drawnMicroUsd: bigint
}

/** Throws `InvariantBroken` at the first thing that is not so. */
export class Invariants {
  readonly figures = noFigures()
  readonly #seen = new Map<string, Seen>()

  account(account: AccountFacts): void {
    const { id, entered, ceiling, budget, spent, held, overage } = account
    const used = spent + held
    if (ceiling !== null && used > ceiling) {
      this.#overshoot(account.unit, used - ceiling)
      fail('within-the-ceiling', `${nameOf(account)} has more spent and held than its ceiling`, ceiling, used, [id])
    }
    const columns = { budget, held, spent, overage }
    for (const column of ['budget', 'held', 'spent', 'overage'] as const) {
      if (columns[column] === entered[column]) continue
      const says = `the ${column} of ${nameOf(account)} is not what its entries add up to`
      fail('columns-are-sums', says, entered[column], columns[column], [id])
    }
    if (account.openHolds !== held) {
      fail('held-is-open-holds', `${nameOf(account)} holds something else than its runs`, account.openHolds, held, [id])
    }
    for (const [column, amount] of Object.entries(columns)) {
      if (amount < 0n) fail('not-below-zero', `the ${column} of ${nameOf(account)} is negative`, 0, amount, [id])
    }
    if (ceiling !== null && ceiling !== (budget > used ? budget : used)) {
      const most = budget > used ? budget : used
      fail('ceiling-follows-budget', `${nameOf(account)} has a ceiling of its own`, most, ceiling, [id])
    }
    if (account.twins > 0) {
      fail('one-budget-a-day', `${nameOf(account)} is not alone in its days`, 0, account.twins, [id])
    }
  }

  /** `truth`: as it was before the rows were read, since both only grow. `accounts`: those that the run touches. */
  run(run: RunFacts, truth: RunTruth, accounts: ReadonlyMap<string, AccountFacts>): void {
    this.#movesOn(run)
    this.#drawn(run, truth)
    if (run.holds.length === 0) fail('a-run-holds', `${run.id} was reserved without a hold`, 'a hold', 'none', [run.id])
    const known = new Set(run.holds.map(({ accountId }) => accountId))
    const stray = run.entries.find(({ accountId }) => !known.has(accountId))
    if (stray !== undefined) {
      fail('one-period', `${run.id} has an entry where it never held`, [...known].join(), stray.accountId, [run.id])
    }
    for (const { accountId, amount, open } of run.holds) {
      const entries = run.entries.filter((entry) => entry.accountId === accountId)
      const subjects = [run.id, accountId]
      postedOnce(run, entries, subjects)
      const held = sum(entries, (entry) => entry.held)
      const shouldHold = run.state === 'ended' ? 0n : amount
      if (open !== (run.state !== 'ended')) {
        fail('ended-runs-hold-nothing', `${run.id} is ${run.state}`, run.state !== 'ended', open, subjects)
      }
      if (held !== shouldHold) {
        fail('holds-are-entered', `the entries of ${run.id}, which is ${run.state}, hold`, shouldHold, held, subjects)
      }
      const account = accounts.get(accountId)
      if (account !== undefined) this.#posted(run, truth, account, amount, entries)
    }
  }

  #movesOn(run: RunFacts): void {
    const before = this.#seen.get(run.id)
    const ended = run.state === 'ended'
    if (before?.ended && !ended) fail('ended-stays-ended', `${run.id} is back`, 'ended', run.state, [run.id])
    if (before !== undefined && run.epoch < before.epoch) {
      fail('epochs-rise', `${run.id} went back to an older claim`, before.epoch, run.epoch, [run.id])
    }
    if (before !== undefined && run.drawnMicroUsd < before.drawnMicroUsd) {
      fail('drawn-only-rises', `less of ${run.id} is drawn than was`, before.drawnMicroUsd, run.drawnMicroUsd, [run.id])
    }
    this.#seen.set(run.id, { epoch: run.epoch, ended, drawnMicroUsd: run.drawnMicroUsd })
  }

  #drawn(run: RunFacts, truth: RunTruth): void {
    const { heldMicroUsd, drawnMicroUsd, heldTokens, drawnTokens } = run
    if (drawnMicroUsd > heldMicroUsd) {
      fail('drawn-within-hold', `${run.id} has drawn more than its hold`, heldMicroUsd, drawnMicroUsd, [run.id])
    }
    if (heldMicroUsd > run.capMicroUsd) {
      fail('hold-within-cap', `${run.id} holds more than its cap`, run.capMicroUsd, heldMicroUsd, [run.id])
    }
    if (truth.withinMicroUsd > drawnMicroUsd) {
      this.#overshoot('usd', truth.withinMicroUsd - drawnMicroUsd)
      fail('spent-within-drawn', `${run.id} was charged more than drawn`, drawnMicroUsd, truth.withinMicroUsd, [run.id])
    }
    if (heldTokens === null || drawnTokens === null) return
    if (drawnTokens > heldTokens) {
      fail('drawn-within-hold', `${run.id} has drawn more tokens than its hold`, heldTokens, drawnTokens, [run.id])
    }
    if (truth.withinTokens > drawnTokens) {
      this.#overshoot('tokens', truth.withinTokens - drawnTokens)
      fail('spent-within-drawn', `${run.id} used more tokens than drawn`, drawnTokens, truth.withinTokens, [run.id])
    }
  }

  /** What an ended run shows on one of its accounts, beside what it truly cost. */
  #posted(run: RunFacts, truth: RunTruth, account: AccountFacts, amount: bigint, entries: readonly EntryFacts[]): void {
    if (run.state !== 'ended') return
    const subjects = [run.id, account.id]
    const isUsd = account.unit === 'usd'
    const spent = sum(entries, (entry) => entry.spent)
    const overage = sum(entries, (entry) => entry.overage)
    if (spent < 0n || spent > amount) fail('spent-within-hold', `${run.id} has spent`, amount, spent, subjects)
    const expired = entries.find(({ kind }) => kind === 'expire')
    const drawn = run.epoch === 0 ? 0n : isUsd ? run.drawnMicroUsd : (run.drawnTokens ?? 0n)
    if (expired !== undefined && expired.spent !== drawn) {
      fail('expire-posts-drawn', `${run.id} vanished`, drawn, expired.spent, subjects)
    }
    const within = isUsd ? truth.withinMicroUsd : truth.withinTokens
    const beyond = isUsd ? truth.beyondMicroUsd : truth.beyondTokens
    const charged = within + (truth.told ? beyond : 0n)
    if (spent + overage < charged) {
      const lost = charged - spent - overage
      if (isUsd) this.figures.lostMicroUsd += lost
      else this.figures.lostTokens += lost
      fail(
        'nothing-lost',
        `${nameOf(account)} shows less of ${run.id} than was charged`,
        charged,
        spent + overage,
        subjects,
      )
    }
    if (charged > amount && overage === 0n) {
      this.#overshoot(account.unit, charged - amount)
      fail('overage-is-recorded', `${run.id} was charged more than its hold`, amount, charged, subjects)
    }
  }

  #overshoot(unit: 'usd' | 'tokens', amount: bigint): void {
    const { figures } = this
    if (unit === 'usd' && amount > figures.overshootMicroUsd) figures.overshootMicroUsd = amount
    if (unit === 'tokens' && amount > figures.overshootTokens) figures.overshootTokens = amount
  }
}

/** Each kind at most once, one way to end, and nothing before its reservation. */
function postedOnce(run: RunFacts, entries: readonly EntryFacts[], subjects: readonly string[]): void {
  const kinds = entries.map(({ kind }) => kind)
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index)
  if (twice !== undefined) fail('posted-once', `${run.id} has the entry '${twice}' twice`, 1, 2, subjects)
  if (kinds[0] !== 'reserve') fail('posted-once', `${run.id} begins with`, 'reserve', kinds[0] ?? 'nothing', subjects)
  if (kinds.includes('settle') && kinds.includes('expire')) {
    fail('posted-once', `${run.id} was ended twice`, 'settle or expire', 'both', subjects)
  }
  if (run.state !== 'ended' && kinds.length > 1) {
    fail('posted-once', `${run.id} is ${run.state} and has the entries`, 'reserve', kinds.join(), subjects)
  }
}

function sum(entries: readonly EntryFacts[], of: (entry: EntryFacts) => bigint): bigint {
  return entries.reduce((total, entry) => total + of(entry), 0n)
}

function nameOf({ kind, name, id }: AccountFacts): string {
  return `the ${kind} ${name} (${id})`
}

export function fail(
  invariant: string,
  says: string,
  expected: unknown,
  found: unknown,
  subjects: readonly string[],
): never {
  throw new InvariantBroken({ invariant, says, expected: String(expected), found: String(found), subjects })
}
