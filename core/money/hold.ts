/** How much is held for a run, and how much of that it may spend at first. */

import { type Refusal, refuse } from '../reason.ts'
import type { AccountRow, Unit } from './account.ts'
import { formatAtLeastUsd, formatAtMostUsd, formatTokens, formatUsd, minBigint, mulDivCeil } from './money.ts'

/** What is left in an account; undefined where nothing is enforced. */
export function roomIn({ ceiling, spent, held }: Pick<AccountRow, 'ceiling' | 'spent' | 'held'>): bigint | undefined {
  return ceiling === null ? undefined : ceiling - spent - held
}

/** An account as a hold looks at it. */
export type HoldAccount = Omit<AccountRow, 'periodStart' | 'formerNames'>

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
  payers: readonly HoldAccount[],
): HoldAmount | Refusal {
  const capTokens = asked.capTokens ?? CAP_TOKENS_DEFAULT
  const floorMicroUsd = minBigint(asked.floorMicroUsd, asked.capMicroUsd)
  const floors = {
    usd: floorMicroUsd,
    tokens: asked.capMicroUsd === 0n ? 0n : mulDivCeil(capTokens, floorMicroUsd, asked.capMicroUsd),
  }
  const most = { usd: asked.capMicroUsd, tokens: capTokens }
  for (const payer of payers) {
    const room = roomIn(payer)
    if (room === undefined) continue
    if (payer.frozen) return frozen(payer)
    if (room <= 0n || room < floors[payer.unit]) return noRoom(payer, room, floors[payer.unit])
    most[payer.unit] = minBigint(most[payer.unit], room)
  }
  return {
    heldMicroUsd: most.usd,
    ...(payers.some(({ unit }) => unit === 'tokens') ? { heldTokens: most.tokens } : {}),
  }
}

function frozen(account: HoldAccount): Refusal {
  return refuse(
    'account-frozen',
    `The ${describe(account)} is frozen, because ${overageWords(account)}, which no price in use allows.`,
    `Whoever runs the App looks for the wrong price, mends it and releases the account with \`purser thaw ${account.name} ` +
      `--reason "..."\`.${afresh('it', account)}`,
  )
}

/** What froze an account: what a provider billed more than was held or, within the hold, more than was reserved for a call. */
export function overageWords({ unit, overage }: Pick<HoldAccount, 'unit' | 'overage'>): string {
  return overage > 0n
    ? `a provider billed ${formatAmount(unit, overage)} more than was held`
    : 'a provider billed more for a model call than was reserved for it'
}

function noRoom(account: HoldAccount, room: bigint, floor: bigint): Refusal {
  const { unit } = account
  // What is left rounded down and all else up, so that the numbers never contradict the answer.
  const left = unit === 'usd' ? formatAtLeastUsd(room) : formatTokens(room)
  const amount = (value: bigint) => (unit === 'usd' ? formatAtMostUsd(value) : formatTokens(value))
  const held = account.held > 0n ? `, ${amount(account.held)} held by running work` : ''
  const wait =
    account.held > 0n && room + account.held >= floor
      ? `Running work holds ${amount(account.held)} and gives back what it does not use, so try again once it has ended. `
      : ''
  return refuse(
    'no-room',
    `The ${describe(account)} has ${left} left of ${amount(account.budget)} ` +
      `(${amount(account.spent)} spent${held}); this workflow needs at least ${amount(floor)}.`,
    `${wait}A maintainer can raise \`${budgetPath(account)}\` in \`.github/purser/portfolios.yml\` on the default branch.` +
      afresh('the budget', account),
  )
}

/** An experiment has one budget for all its time. */
function afresh(what: string, { kind, periodEnd }: HoldAccount): string {
  return kind === 'experiment' ? '' : ` By itself ${what} starts afresh on ${utcMinute(periodEnd)}.`
}

function describe(account: Pick<HoldAccount, 'kind' | 'name'>): string {
  if (account.kind === 'squad') return `exploration budget of the squad \`${account.name}\``
  return `${account.kind} \`${account.name}\``
}

function budgetPath(account: Pick<HoldAccount, 'kind' | 'name'>): string {
  if (account.kind === 'squad') return `exploration.squads.${account.name}.extra`
  return account.kind === 'portfolio' ? `portfolios.${account.name}.budget` : `experiments.${account.name}.budget`
}

/** For people: `$2.50` or `1,250,000 tokens`. */
function formatAmount(unit: Unit, amount: bigint): string {
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
