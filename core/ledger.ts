/** The ledger's rules: who pays for a run, how much is held, what may be drawn, and how a run is settled. */
import { dayOf, periodOf, sprintOf } from './calendar.ts'
import type { Configuration } from './config/configuration.ts'
import type { Exploration } from './config/portfolios.ts'
import { formatTokens, formatUsd, minBigint, mulDivCeil } from './money.ts'
import { type Refusal, refuse } from './reason.ts'
import type { Report } from './report.ts'
import type { Resolved } from './resolve.ts'

export type AccountKind = 'portfolio' | 'squad' | 'experiment'
export type Unit = 'usd' | 'tokens'

/** An account as configuration declares it for the period that `now` lies in. Amounts are micro-USD or tokens, as `unit` says. */
export interface AccountSpec {
  readonly kind: AccountKind
  readonly name: string
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
 * (`payingSquad` in `squads.ts`), that squad's sprint instead.
 */
export function accountsFor(
  configuration: Pick<Configuration, 'portfolios'>,
  resolved: Pick<Resolved, 'portfolioName' | 'portfolio'> & { readonly plan: Pick<Resolved['plan'], 'variant'> },
  payingSquad: string | undefined,
  now: Date,
): readonly AccountSpec[] {
  const { exploration, 'time-zone': timeZone } = configuration.portfolios
  if (exploration !== undefined && payingSquad !== undefined && resolved.plan.variant !== undefined) {
    return [squadAccount(exploration, payingSquad, now, timeZone)]
  }
  const { budget, enforce } = resolved.portfolio
  const { start, end } = periodOf(budget.per, now, timeZone)
  return [
    {
      kind: 'portfolio',
      name: resolved.portfolioName,
      unit: 'usd',
      periodStart: start,
      periodEnd: end,
      budget: budget.usd,
      enforced: enforce === 'cap',
      now: budget.now,
    },
  ]
}

/** A squad's sprint: the floor that all squads have, and its own extras in the same unit that have not ended. */
function squadAccount(exploration: Exploration, squad: string, now: Date, timeZone: string): AccountSpec {
  const floor = exploration['every-squad']
  const unit = 'usd' in floor ? 'usd' : 'tokens'
  const today = dayOf(now, timeZone)
  const live = (exploration.squads[squad]?.extra ?? []).filter((extra) => today <= extra.until)
  const grants = [floor, ...live].map((grant) => amountIn(unit, grant))
  const { start, end } = sprintOf(exploration.sprint, now, timeZone)
  return {
    kind: 'squad',
    name: squad,
    unit,
    periodStart: start,
    periodEnd: end,
    budget: grants.reduce((sum, grant) => sum + grant, 0n),
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
  /** Null where nothing is enforced. */
  readonly ceiling: bigint | null
  readonly spent: bigint
  readonly held: bigint
}

/**
 * The budget and ceiling that an account has once configuration says `spec`: raised at once, lowered with the next
 * period or with `now` at once. A ceiling never falls below what is spent and held; it shrinks as holds settle.
 */
export function adjustBudget(account: AccountState, spec: AccountSpec): Pick<AccountState, 'budget' | 'ceiling'> {
  const atOnce = spec.budget > account.budget || spec.now !== undefined
  const budget = atOnce ? spec.budget : account.budget
  const used = account.spent + account.held
  return { budget, ceiling: spec.enforced ? (budget > used ? budget : used) : null }
}

/** What is left in an account. `room` is undefined where nothing is enforced. */
export interface Room extends Pick<AccountSpec, 'kind' | 'name' | 'unit' | 'periodEnd'> {
  readonly budget: bigint
  readonly spent: bigint
  readonly held: bigint
  /** Spent beyond what was held; not part of `spent`. */
  readonly overage: bigint
  readonly room: bigint | undefined
  readonly frozen: boolean
}

export interface HoldAmount {
  readonly heldMicroUsd: bigint
  /** Present where a token account pays. */
  readonly heldTokens?: bigint | undefined
}

/** The token cap of a run that a token account pays for and whose workflow declares none. */
export const CAP_TOKENS_DEFAULT = 500_000n

/**
 * How much to hold: the cap, or what room there is where that is less and not below the floor; else a refusal
 * (`no-room`, `account-frozen`) with the numbers, when the account resets and who can change it.
 * A token account holds `capTokens`, and at the least the same share of it as the floor is of the cap.
 */
export function holdAmount(
  asked: { readonly capMicroUsd: bigint; readonly floorMicroUsd: bigint; readonly capTokens?: bigint | undefined },
  rooms: readonly Room[],
): HoldAmount | Refusal {
  const capTokens = asked.capTokens ?? CAP_TOKENS_DEFAULT
  const floorMicroUsd = minBigint(asked.floorMicroUsd, asked.capMicroUsd)
  const floors = {
    usd: floorMicroUsd,
    tokens: asked.capMicroUsd === 0n ? 0n : mulDivCeil(capTokens, floorMicroUsd, asked.capMicroUsd),
  }
  for (const account of rooms) {
    if (account.room === undefined) continue
    if (account.frozen) return frozen(account)
    if (account.room <= 0n || account.room < floors[account.unit]) {
      return noRoom(account, floors[account.unit])
    }
  }
  const within = (unit: Unit, cap: bigint) =>
    minBigint(
      cap,
      ...rooms.flatMap((account) => (account.unit === unit && account.room !== undefined ? [account.room] : [])),
    )
  return {
    heldMicroUsd: within('usd', asked.capMicroUsd),
    ...(rooms.some((account) => account.unit === 'tokens') ? { heldTokens: within('tokens', capTokens) } : {}),
  }
}

function frozen(account: Room): Refusal {
  return refuse(
    'account-frozen',
    `The ${describe(account)} is frozen, because a provider billed ${formatAmount(account.unit, account.overage)} more ` +
      'than was held, which no price in use allows.',
    `Whoever runs the App looks for the wrong price, mends it and releases the account with \`purser thaw ${account.name} ` +
      `--reason "..."\`. By itself it starts afresh on ${utcMinute(account.periodEnd)}.`,
  )
}

function noRoom(account: Room, floor: bigint): Refusal {
  const amount = (value: bigint) => formatAmount(account.unit, value)
  const room = account.room ?? 0n
  const held = account.held > 0n ? `, ${amount(account.held)} held by running work` : ''
  const wait =
    account.held > 0n && room + account.held >= floor
      ? `Running work holds ${amount(account.held)} and gives back what it does not use, so try again once it has ended. `
      : ''
  return refuse(
    'no-room',
    `The ${describe(account)} has ${amount(room)} left of ${amount(account.budget)} ` +
      `(${amount(account.spent)} spent${held}); this workflow needs at least ${amount(floor)}.`,
    `${wait}A maintainer can raise \`${budgetPath(account)}\` in \`.github/purser/portfolios.yml\` on the default branch. ` +
      `By itself the budget starts afresh on ${utcMinute(account.periodEnd)}.`,
  )
}

function describe(account: Pick<Room, 'kind' | 'name'>): string {
  if (account.kind === 'squad') return `exploration budget of the squad \`${account.name}\``
  return `${account.kind} \`${account.name}\``
}

function budgetPath(account: Pick<Room, 'kind' | 'name'>): string {
  if (account.kind === 'squad') return `exploration.squads.${account.name}.extra`
  return account.kind === 'portfolio' ? `portfolios.${account.name}.budget` : `experiments.${account.name}.budget`
}

/** For people: `$2.50` or `1,250,000 tokens`. */
export function formatAmount(unit: Unit, amount: bigint): string {
  return unit === 'usd' ? formatUsd(amount) : formatTokens(amount)
}

function utcMinute(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** A claim may draw at least this much at once, so that a first call is not cut short. */
const FIRST_TRANCHE_MICRO_USD = 500_000n
const FIRST_TRANCHE_TOKENS = 100_000n

/** What a claim may spend before its first heartbeat: a quarter of the hold, at least half a dollar or 100,000 tokens, never more than the hold. */
export function firstTranche(unit: Unit, held: bigint): bigint {
  const least = unit === 'usd' ? FIRST_TRANCHE_MICRO_USD : FIRST_TRANCHE_TOKENS
  const quarter = mulDivCeil(held, 1n, 4n)
  return minBigint(held, quarter > least ? quarter : least)
}

/** How a hold ends: what is charged to the account, what is beyond it, what goes back. `charged + released` is the hold. */
export interface Settlement {
  readonly charged: bigint
  readonly overage: bigint
  readonly released: bigint
}

export function settlement(held: bigint, spent: bigint): Settlement {
  const charged = minBigint(held, spent)
  return { charged, overage: spent - charged, released: held - charged }
}

/** What a run used, in both units. */
export interface Spend {
  readonly microUsd: bigint
  readonly tokens: bigint
}

/** What a report proves was used: its totals or the sum of its calls, whichever is more, since a report may not understate its own evidence. */
export function spendOf(report: Pick<Report, 'spentMicroUsd' | 'inputTokens' | 'outputTokens' | 'calls'>): Spend {
  const calls = report.calls.reduce<Spend>(
    (sum, call) => ({
      microUsd: sum.microUsd + call.spentMicroUsd,
      tokens: sum.tokens + BigInt(call.inputTokens) + BigInt(call.outputTokens),
    }),
    { microUsd: 0n, tokens: 0n },
  )
  const tokens = BigInt(report.inputTokens) + BigInt(report.outputTokens)
  return {
    microUsd: report.spentMicroUsd > calls.microUsd ? report.spentMicroUsd : calls.microUsd,
    tokens: tokens > calls.tokens ? tokens : calls.tokens,
  }
}
