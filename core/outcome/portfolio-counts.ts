/** What runs of a portfolio came to: how they ended, what became of their work, and what that cost. */
import { formatUsd } from '../money/money.ts'
import { spendPerAcceptedMicroUsd } from '../promotion/tally.ts'

export interface PortfolioCounts {
  readonly completed: number
  readonly withheld: number
  readonly capped: number
  readonly failed: number
  readonly cancelled: number
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  readonly pending: number
  /** Reworked or reverted, of accepted, reworked and rejected. */
  readonly redone: number
  /** Of runs whose outcome is not pending. */
  readonly spendMicroUsd: bigint
  readonly pendingSpendMicroUsd: bigint
}

export const noCounts: PortfolioCounts = {
  completed: 0,
  withheld: 0,
  capped: 0,
  failed: 0,
  cancelled: 0,
  accepted: 0,
  reworked: 0,
  rejected: 0,
  unknown: 0,
  pending: 0,
  redone: 0,
  spendMicroUsd: 0n,
  pendingSpendMicroUsd: 0n,
}

export function addCounts(a: PortfolioCounts, b: PortfolioCounts): PortfolioCounts {
  return {
    completed: a.completed + b.completed,
    withheld: a.withheld + b.withheld,
    capped: a.capped + b.capped,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    accepted: a.accepted + b.accepted,
    reworked: a.reworked + b.reworked,
    rejected: a.rejected + b.rejected,
    unknown: a.unknown + b.unknown,
    pending: a.pending + b.pending,
    redone: a.redone + b.redone,
    spendMicroUsd: a.spendMicroUsd + b.spendMicroUsd,
    pendingSpendMicroUsd: a.pendingSpendMicroUsd + b.pendingSpendMicroUsd,
  }
}

export function runsIn({ completed, withheld, capped, failed, cancelled }: PortfolioCounts): number {
  return completed + withheld + capped + failed + cancelled
}

export function settledIn({ accepted, reworked, rejected }: PortfolioCounts): number {
  return accepted + reworked + rejected
}

/** What a spend for each accepted run rests on: a `Tally` or `PortfolioCounts`. */
export interface AcceptedSpend {
  readonly accepted: number
  readonly unknown: number
  /** Of all runs whose outcome is not pending. */
  readonly spendMicroUsd: bigint
}

/** `$1.20 for each of 12 accepted runs, 2 more unknown`: never without its count and what is not known. */
export function perAcceptedWords(spend: AcceptedSpend): string | undefined {
  const { accepted, unknown, spendMicroUsd } = spend
  const per = spendPerAcceptedMicroUsd(spend)
  const more = unknown === 0 ? 'none unknown' : `${unknown} unknown`
  if (per !== undefined)
    return accepted === 1
      ? `${formatUsd(per)} for the one accepted run, ${more}`
      : `${formatUsd(per)} for each of ${accepted} accepted runs, ${more}`
  return spendMicroUsd === 0n && unknown === 0 ? undefined : `nothing accepted for ${formatUsd(spendMicroUsd)}, ${more}`
}
