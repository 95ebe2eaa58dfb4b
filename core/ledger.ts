/** The ledger's rules: who pays for a run, how much is held, what may be drawn, and how a run is settled. */
import type { Configuration } from './config/configuration.ts'
import type { Refusal } from './reason.ts'
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
 * The accounts that a run touches, in the one order in which accounts are reserved: its portfolio's period or, for a
 * variant on a subject whose paths a squad owns (`payingSquad`), that squad's sprint instead.
 */
export function accountsFor(
  configuration: Configuration,
  resolved: Pick<Resolved, 'portfolioName' | 'portfolio' | 'plan'>,
  payingSquad: string | undefined,
  now: Date,
): readonly AccountSpec[] {
  throw new Error('not written yet')
}

/** What is left in an account. `room` is undefined where nothing is enforced. */
export interface Room {
  readonly kind: AccountKind
  readonly name: string
  readonly unit: Unit
  readonly periodEnd: Date
  readonly budget: bigint
  readonly spent: bigint
  readonly held: bigint
  readonly room: bigint | undefined
  readonly frozen: boolean
}

export interface HoldAmount {
  readonly heldMicroUsd: bigint
  /** Present where a token account pays. */
  readonly heldTokens?: bigint
}

/**
 * How much to hold: the cap, or what room there is where that is less and not below the floor; else a refusal
 * (`no-room`, `account-frozen`) with the numbers, when the account resets and who can change it.
 * A token account holds `capTokens`, and at the least the same share of it as the floor is of the cap.
 */
export function holdAmount(
  asked: { readonly capMicroUsd: bigint; readonly floorMicroUsd: bigint; readonly capTokens?: bigint | undefined },
  rooms: readonly Room[],
): HoldAmount | Refusal {
  throw new Error('not written yet')
}
