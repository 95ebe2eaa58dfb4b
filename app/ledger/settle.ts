/** How a run ends in the books: settled by its report, released before it began, or expired when its job vanished. */
import type { Report } from '../../core/protocol.ts'
import type { ReasonCode, Refusal } from '../../core/reason.ts'
import type { Conclusion } from '../../core/run.ts'
import type { PrismaClient, Run } from '../../prisma/client/client.ts'

export interface Settled {
  readonly run: Run
  /** The whole spend, an overage included. */
  readonly spentMicroUsd: bigint
  /** What is left in the account that paid; null where tokens paid. */
  readonly remainingMicroUsd: bigint | null
  /** More was spent than was held: the accounts that paid are frozen, and somebody has to look. */
  readonly overage: boolean
  /** The same report had been settled before; nothing changed. */
  readonly repeated: boolean
  /** The run had been given up: the report only brought back what it proves was not spent, and its work is not delivered. */
  readonly late: boolean
}

/**
 * Settles a claimed run by its report: posts the spend, releases the rest. Of an expired run a report can only refund, once,
 * down to its calls' evidence. Refuses with `run-unknown`, `already-claimed` (an older claim) or `run-over` (ended
 * by another report).
 */
export async function settle(
  prisma: PrismaClient,
  request: { readonly runId: string; readonly epoch: number; readonly report: Report; readonly now: Date },
): Promise<Settled | Refusal> {
  throw new Error('not written yet')
}

/** How a run ended that sent no report. */
export interface Ending {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode
}

/** Ends a run that no job has claimed: its whole hold is released. Says whether it did; a claimed or ended run is left alone. */
export async function release(prisma: PrismaClient, runId: string, ending: Ending, now: Date): Promise<boolean> {
  throw new Error('not written yet')
}

/**
 * Ends a claimed run whose job is gone (GitHub says so, or its lease ran out): what was drawn is posted as spent, no more
 * and no less, and the rest released. Says whether it did.
 */
export async function expire(prisma: PrismaClient, runId: string, ending: Ending, now: Date): Promise<boolean> {
  throw new Error('not written yet')
}

/** What became of a run's work, as the App delivered it. The conclusion and reason replace the report's where given. */
export interface Delivered {
  readonly conclusion?: Conclusion | undefined
  readonly reason?: ReasonCode | undefined
  readonly sha?: string | undefined
  readonly number?: number | undefined
  readonly url?: string | undefined
}

/** Notes the delivery of an ended run. */
export async function recordDelivery(prisma: PrismaClient, runId: string, delivered: Delivered): Promise<Run> {
  throw new Error('not written yet')
}
