/** Postings: what each move of money adds to an account, and how the account stands after it. */

import { type AccountState, ceilingFor } from './account.ts'
import { minBigint } from './money.ts'

/**
 * `renamed` and `thaw` move nothing; they say that something was decided. An `overage` freezes its account, and moves
 * nothing where a call's bound was broken within the run's hold.
 */
export type EntryKind =
  | 'budget'
  | 'reserve'
  | 'settle'
  | 'release'
  | 'expire'
  | 'overage'
  | 'refund'
  | 'thaw'
  | 'renamed'

/** What an entry adds to the columns of its account, in its unit. */
export interface Posting {
  readonly kind: EntryKind
  readonly budgetChange: bigint
  readonly heldChange: bigint
  readonly spentChange: bigint
  readonly overageChange: bigint
}

function posting(kind: EntryKind, changes: Partial<Omit<Posting, 'kind'>>): Posting {
  return { kind, budgetChange: 0n, heldChange: 0n, spentChange: 0n, overageChange: 0n, ...changes }
}

export function budgetPosting(change: bigint): Posting {
  return posting('budget', { budgetChange: change })
}

export function reservePosting(amount: bigint): Posting {
  return posting('reserve', { heldChange: amount })
}

/** Says that something was decided, and moves nothing. */
export function notePosting(kind: 'renamed' | 'thaw'): Posting {
  return posting(kind, {})
}

/**
 * A hold ends: what was spent is charged, at most the hold; what is beyond it is an overage, and so is a call that cost more
 * than was reserved for it (`isBoundBroken`); the rest goes back.
 */
export function endPostings(
  kind: 'settle' | 'expire',
  held: bigint,
  spent: bigint,
  isBoundBroken = false,
): readonly Posting[] {
  const charged = minBigint(held, spent)
  const released = held - charged
  const overage = spent - charged
  return [
    ...(charged > 0n ? [posting(kind, { heldChange: -charged, spentChange: charged })] : []),
    ...(released > 0n ? [posting('release', { heldChange: -released })] : []),
    ...overagePostings(overage, isBoundBroken),
  ]
}

function overagePostings(overage: bigint, isBoundBroken: boolean): readonly Posting[] {
  return overage > 0n || isBoundBroken ? [posting('overage', { overageChange: overage })] : []
}

/** Whether nothing more is reserved from the account until somebody has looked. */
export function freezes({ kind }: Posting): boolean {
  return kind === 'overage'
}

/**
 * A late report proves that less was spent than had been posted, and that goes back; it never charges. What it shows beyond
 * is an overage: everything up to what was drawn had been posted, and no call goes beyond that but by its own bound.
 */
export function refundPostings(posted: bigint, proven: bigint, isBoundBroken = false): readonly Posting[] {
  return [
    ...(proven < posted ? [posting('refund', { spentChange: proven - posted })] : []),
    ...overagePostings(proven > posted ? proven - posted : 0n, isBoundBroken),
  ]
}

/**
 * How an account stands after postings. An overage freezes it; a ceiling that a lowered budget lies below follows what is
 * spent and held down to it. Throws where more would be spent and held than the ceiling: no posting may be made then.
 */
export function afterPostings<State extends AccountState>(account: State, postings: readonly Posting[]): State {
  const sum = (of: (posting: Posting) => bigint) => postings.reduce((total, one) => total + of(one), 0n)
  const budget = account.budget + sum((one) => one.budgetChange)
  const spent = account.spent + sum((one) => one.spentChange)
  const held = account.held + sum((one) => one.heldChange)
  const overage = sum((one) => one.overageChange)
  const { ceiling } = account
  if (ceiling !== null && spent + held > ceiling && spent + held > budget) {
    throw new RangeError(`${spent} spent and ${held} held would pass the ceiling of ${ceiling}`)
  }
  return {
    ...account,
    budget,
    spent,
    held,
    overage: account.overage + overage,
    frozen: account.frozen || postings.some(freezes),
    ceiling: ceiling === null ? null : ceilingFor(budget, { spent, held }),
  }
}

/** What a run used, in both units. */
export interface Spend {
  readonly microUsd: bigint
  readonly tokens: bigint
}
