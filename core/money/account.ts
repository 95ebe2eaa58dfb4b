/** Accounts: who pays for a run, from when to when, and what becomes of an account when configuration changes. */

import type { Configuration } from '../config/configuration.ts'
import type { Experiment, Exploration } from '../config/portfolios.ts'
import { dayOf, type Period, periodOf, periodUntil, sprintOf } from './calendar.ts'
import { lastDayOf, type Payer } from './payer.ts'

export type AccountKind = 'portfolio' | 'squad' | 'experiment'
export type Unit = 'usd' | 'tokens'

/** An account as configuration declares it for the period that `now` lies in. Amounts are micro-USD or tokens, as `unit` says. */
export interface AccountSpec {
  readonly kind: AccountKind
  readonly name: string
  /** Its names before it was renamed, the newest first. */
  readonly was?: readonly string[] | undefined
  readonly unit: Unit
  readonly periodStart: Date
  /** The first moment that no longer belongs to the period. */
  readonly periodEnd: Date
  readonly budget: bigint
  /** Whether a lack of room refuses. Where not, the budget is only recorded. */
  readonly enforced: boolean
  /** The reason with which a lowered budget takes effect at once instead of with the next period. */
  readonly now?: string | undefined
}

/**
 * The accounts that a run touches: its portfolio's period or, for a variant on a subject whose paths a squad owns
 * (`payingSquad` in `squads.ts`), that squad's sprint instead. An experiment pays for the variants of its workflows too.
 */
export function accountsFor(
  configuration: Pick<Configuration, 'portfolios'>,
  { payer, plan }: { readonly payer: Payer; readonly plan: { readonly variant?: string | undefined } },
  payingSquad: string | undefined,
  now: Date,
): readonly AccountSpec[] {
  const { exploration, 'time-zone': timeZone } = configuration.portfolios
  if (payer.kind === 'experiment') return [experimentAccount(payer.experiment, payer.name, timeZone)]
  if (exploration !== undefined && payingSquad !== undefined && plan.variant !== undefined) {
    return [squadAccount(exploration, payingSquad, now, timeZone)]
  }
  const { budget, enforce, was } = payer.portfolio
  const { start, end } = periodOf(budget.per, now, timeZone)
  return [
    {
      kind: 'portfolio',
      name: payer.name,
      was,
      unit: 'usd',
      periodStart: start,
      periodEnd: end,
      budget: budget.usd,
      enforced: enforce === 'cap',
      now: budget.now,
    },
  ]
}

/** A squad's sprint: the floor that all squads have, and its own extras in the same unit that run today. */
export function squadAccount(exploration: Exploration, squad: string, now: Date, timeZone: string): AccountSpec {
  const floor = exploration['every-squad']
  const unit = 'usd' in floor ? 'usd' : 'tokens'
  const today = dayOf(now, timeZone)
  const { was, extra = [] } = exploration.squads[squad] ?? {}
  const running = extra.filter(({ from = today, until }) => from <= today && today <= until)
  const grants = [floor, ...running].map((grant) => amountIn(unit, grant))
  const { start, end } = sprintOf(exploration.sprint, now, timeZone)
  return {
    kind: 'squad',
    name: squad,
    was,
    unit,
    periodStart: start,
    periodEnd: end,
    budget: grants.reduce((sum, grant) => sum + grant, 0n),
    enforced: true,
  }
}

/** An experiment has one account from its declaration to the end of its last day, the extension's where it has one. */
export function experimentAccount(experiment: Experiment, name: string, timeZone: string): AccountSpec {
  const { start, end } = periodUntil(lastDayOf(experiment), timeZone)
  return {
    kind: 'experiment',
    name,
    was: experiment.was,
    unit: 'usd',
    periodStart: start,
    periodEnd: end,
    budget: experiment.budget.usd,
    enforced: true,
  }
}

function amountIn(unit: Unit, grant: { readonly usd: bigint } | { readonly tokens: number }): bigint {
  if (unit === 'usd') return 'usd' in grant ? grant.usd : 0n
  return 'tokens' in grant ? BigInt(grant.tokens) : 0n
}

/** The amounts of an account's row. */
export interface AccountState {
  readonly budget: bigint
  /** The budget, or what is spent and held where that is more; null where nothing is enforced. */
  readonly ceiling: bigint | null
  readonly spent: bigint
  readonly held: bigint
  /** Spent beyond what was held; not part of `spent`. */
  readonly overage: bigint
  readonly frozen: boolean
}

/** What an account's row says of itself and its stretch of time. */
export interface AccountRow extends AccountState {
  readonly kind: AccountKind
  readonly name: string
  /** What it was called before it was renamed. */
  readonly formerNames: readonly string[]
  readonly unit: Unit
  readonly periodStart: Date
  readonly periodEnd: Date
}

/**
 * Which account is meant by `spec`: one that is there, or one to be opened for `period`. `rows`: those of the same
 * repository and kind that carry its name or the one it had (`was`), or did so before they were renamed, and overlap its
 * period, whatever their unit.
 *
 * A stretch that has begun runs to its end: whoever changes a week into a month, the time zone, the sprint's length or
 * its unit, gets no second budget for the same days. The new stretch begins where the old one ends. Where the period of
 * `spec` is over by `now`, since requests lay in between, its last moment counts.
 *
 * An experiment has one account, also where its end moves when it has passed.
 *
 * Last comes the account that was renamed and still runs: a command that had read the configuration before the rename
 * draws from it, and so does whoever uses the name for something else before the period is over.
 */
export function accountMeant<Row extends AccountRow>(
  spec: AccountSpec,
  rows: readonly Row[],
  now: Date,
): { readonly account: Row } | { readonly period: Period } {
  const moment = momentWithin(spec, now)
  const running = rows.filter(({ periodStart, periodEnd }) => periodStart <= moment && moment < periodEnd)
  const named = spec.kind === 'experiment' ? rows : running
  const account =
    firstOf(namesOf(spec), (declared) => named.find(({ name }) => name === declared)) ??
    firstOf(namesOf(spec), (declared) => running.find((row) => wasNamed(row, declared)))
  if (account !== undefined) return { account }
  const over = rows.flatMap(({ periodEnd }) => (periodEnd <= moment ? [periodEnd] : []))
  const ahead = rows.flatMap(({ periodStart }) => (periodStart > moment ? [periodStart] : []))
  return { period: { start: latest([spec.periodStart, ...over]), end: earliest([spec.periodEnd, ...ahead]) } }
}

function firstOf<Found>(names: readonly string[], find: (name: string) => Found | undefined): Found | undefined {
  for (const name of names) {
    const found = find(name)
    if (found !== undefined) return found
  }
  return undefined
}

function wasNamed({ formerNames }: Pick<AccountRow, 'formerNames'>, name: string): boolean {
  return formerNames.includes(name)
}

function momentWithin({ periodStart, periodEnd }: Pick<AccountSpec, 'periodStart' | 'periodEnd'>, now: Date): Date {
  return latest([periodStart, earliest([now, new Date(periodEnd.getTime() - 1)])])
}

function latest(moments: readonly Date[]): Date {
  return new Date(Math.max(...moments.map(Number)))
}

function earliest(moments: readonly Date[]): Date {
  return new Date(Math.min(...moments.map(Number)))
}

/** The names that it has and had, the newest first. The accounts that may be meant by `spec` are looked up by them. */
export function namesOf({ name, was = [] }: Pick<AccountSpec, 'name' | 'was'>): string[] {
  return [name, ...was]
}

/** What configuration decides of an account's row. */
export type AccountTerms = Pick<AccountRow, 'name' | 'formerNames' | 'periodEnd' | 'budget' | 'ceiling'>

/**
 * The terms of a running account once configuration says `spec`. A budget is raised at once, and lowered with the next
 * period or with `now` at once. Where the stretch itself was changed, the running one keeps its end and its budget,
 * which only `now` can lower. An experiment is one stretch whose end may move. A ceiling never falls below what is
 * spent and held; it shrinks as holds settle.
 *
 * Nothing changes where `spec` calls the account by a name that it no longer has: that was written before it was renamed,
 * or about something else.
 */
export function termsOf(account: AccountRow, spec: AccountSpec): AccountTerms {
  if (isOutdated(account, spec)) {
    const { name, formerNames, periodEnd, budget, ceiling } = account
    return { name, formerNames, periodEnd, budget, ceiling }
  }
  const isSameStretch =
    account.unit === spec.unit &&
    (spec.kind === 'experiment' || account.periodEnd.getTime() === spec.periodEnd.getTime())
  const mayRaise = isSameStretch && spec.budget > account.budget
  const mayLower = account.unit === spec.unit && spec.now !== undefined && spec.budget < account.budget
  const budget = mayRaise || mayLower ? spec.budget : account.budget
  return {
    name: spec.name,
    formerNames: formerNamesOf(account, spec),
    periodEnd: spec.kind === 'experiment' ? spec.periodEnd : account.periodEnd,
    budget,
    ceiling: spec.enforced ? ceilingFor(budget, account) : null,
  }
}

function isOutdated(account: AccountRow, spec: AccountSpec): boolean {
  return !namesOf(spec).includes(account.name) && wasNamed(account, spec.name)
}

/** With the names in between, by which nobody has reserved: what had read the configuration then may still come. */
function formerNamesOf({ name, formerNames }: AccountRow, spec: AccountSpec): readonly string[] {
  if (name === spec.name) return formerNames
  const { was = [] } = spec
  return [...new Set([...formerNames, ...was.toReversed(), name])].filter((former) => former !== spec.name)
}

/** The account as `spec` would have it opened: with its whole budget, and nothing spent. */
export function newAccount(spec: AccountSpec, { start, end }: Period): AccountRow {
  const { kind, name, was = [], unit, budget, enforced } = spec
  return {
    kind,
    name,
    // What had read the configuration before may come after the period has changed as well.
    formerNames: was.toReversed(),
    unit,
    periodStart: start,
    periodEnd: end,
    budget,
    ceiling: enforced ? budget : null,
    spent: 0n,
    held: 0n,
    overage: 0n,
    frozen: false,
  }
}

/** The ceiling of an account that is enforced. */
export function ceilingFor(budget: bigint, { spent, held }: Pick<AccountState, 'spent' | 'held'>): bigint {
  return budget > spent + held ? budget : spent + held
}
