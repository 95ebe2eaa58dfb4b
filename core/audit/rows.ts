/**
 * The rows of the ledger as the audit reads them. The audit recomputes what the ledger says from nothing but these, and
 * shares no code with what wrote them: a mistake in the one does not hide in the other.
 */

export type Unit = 'usd' | 'tokens'

export const auditedKinds = [
  'budget',
  'reserve',
  'settle',
  'release',
  'expire',
  'overage',
  'refund',
  'thaw',
  'renamed',
] as const
export type AuditedKind = (typeof auditedKinds)[number]

/** The columns of an account that its entries change, in its unit. */
export interface Amounts {
  readonly budget: bigint
  readonly held: bigint
  readonly spent: bigint
  readonly overage: bigint
}
export const amountColumns = ['budget', 'held', 'spent', 'overage'] as const
export const ZERO: Amounts = { budget: 0n, held: 0n, spent: 0n, overage: 0n }

export interface AuditedAccount extends Amounts {
  readonly id: string
  /** `owner/name`. */
  readonly repository: string
  readonly kind: string
  readonly name: string
  readonly unit: Unit
  /** Days, `2026-11-01`; the end is the first that no longer belongs to it. */
  readonly periodStart: string
  readonly periodEnd: string
  /** Null where nothing is enforced. */
  readonly ceiling: bigint | null
  readonly frozen: boolean
  /** Older accounts of the same repository, kind and name, of whose days it has some too. */
  readonly twins: readonly string[]
}

/** Its amounts are what it adds to its account's. */
export interface AuditedEntry extends Amounts {
  readonly id: string
  readonly runId: string | null
  readonly kind: AuditedKind
  readonly key: string
}

export interface AuditedHold {
  readonly amount: bigint
  readonly state: 'held' | 'settled' | 'released'
}

export interface AuditedRun {
  readonly state: 'waiting' | 'reserved' | 'dispatched' | 'claimed' | 'ended'
  readonly reason: string | null
  readonly heldMicroUsd: bigint
  readonly drawnMicroUsd: bigint
  readonly spentMicroUsd: bigint
  /** Null where no token account pays. */
  readonly heldTokens: bigint | null
  readonly drawnTokens: bigint | null
}

/** Everything that one run left in one account. */
export interface RunInAccount {
  readonly accountId: string
  readonly unit: Unit
  readonly runId: string
  readonly run: AuditedRun | undefined
  readonly hold: AuditedHold | undefined
  readonly entries: readonly AuditedEntry[]
}

export function sumOf(amounts: readonly Amounts[]): Amounts {
  return amounts.reduce<Amounts>(plus, ZERO)
}

export function plus(a: Amounts, b: Amounts): Amounts {
  return {
    budget: a.budget + b.budget,
    held: a.held + b.held,
    spent: a.spent + b.spent,
    overage: a.overage + b.overage,
  }
}

export function minus(a: Amounts, b: Amounts): Amounts {
  return {
    budget: a.budget - b.budget,
    held: a.held - b.held,
    spent: a.spent - b.spent,
    overage: a.overage - b.overage,
  }
}

export function isZero(amounts: Amounts): boolean {
  return amountColumns.every((column) => amounts[column] === 0n)
}

/** What the run's own row says was held and drawn, in the account's unit. */
export function heldAndDrawn({ run, unit }: RunInAccount): { held: bigint; drawn: bigint } | undefined {
  if (run === undefined) return undefined
  if (unit === 'usd') return { held: run.heldMicroUsd, drawn: run.drawnMicroUsd }
  return { held: run.heldTokens ?? 0n, drawn: run.drawnTokens ?? 0n }
}
