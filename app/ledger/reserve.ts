/** Reserving: a session, its run and the holds on every account that pays, all in one transaction or not at all. */
import type { AccountSpec } from '../../core/ledger.ts'
import type { Plan } from '../../core/plan.ts'
import type { Quote } from '../../core/quote.ts'
import type { Refusal } from '../../core/reason.ts'
import type { PrismaClient, Run, Session } from '../../prisma/client/client.ts'

export interface NewSession {
  readonly repositoryId: bigint
  readonly subjectKind: Plan['subject']['kind']
  readonly subjectNumber?: number | undefined
  /** One word for the subject within its repository: `pull-request:12`. */
  readonly subjectKey: string
  readonly trigger: 'comment' | 'push' | 'schedule' | 'dispatch' | 'session' | 'cli'
  /** What started it, once and for all: `comment:123`, `job:RUN:ATTEMPT:CHECK`. A repeat gets the first result. */
  readonly commandKey: string
}

export interface NewRun {
  readonly family: string
  /** Null for the baseline. */
  readonly variant: string | null
  readonly assignment: 'baseline' | 'chosen' | 'assigned'
  readonly portfolio: string
  /** The squad that proposed the variant, for credit. */
  readonly squad?: string | undefined
  readonly headSha: string
  readonly configSha: string
  /** Its `capMicroUsd` (and `capTokens`) is what is asked for; what is stored has the hold in its place. */
  readonly plan: Plan
  readonly floorMicroUsd: bigint
  /** The newest settled runs' spend, from `recentSpends`, for the quote. */
  readonly recentSpendsMicroUsd: readonly bigint[]
}

export interface ReserveRequest {
  readonly session: NewSession
  readonly run: NewRun
  /** From `accountsFor`. */
  readonly accounts: readonly AccountSpec[]
  readonly now: Date
}

export interface Reserved {
  readonly session: Session
  readonly run: Run
  readonly quote: Quote
  readonly heldMicroUsd: bigint
  readonly heldTokens?: bigint | undefined
  /** What the hold leaves in the account that pays; null where tokens pay. Not below zero where nothing is enforced. */
  readonly remainingMicroUsd: bigint | null
  readonly remainingTokens: bigint | null
  /** Whether this is the first result of a command that had been reserved before. */
  readonly repeated: boolean
}

/**
 * Stores a session whose run waits for `/agent go`: it holds nothing. Reserving with the same `commandKey` later
 * turns the waiting run into a reserved one, with the plan and numbers of that moment.
 */
export async function propose(
  prisma: PrismaClient,
  request: Omit<ReserveRequest, 'accounts'>,
): Promise<{ readonly session: Session; readonly run: Run; readonly quote: Quote; readonly repeated: boolean }> {
  throw new Error('not written yet')
}

/**
 * Reserves a run's hold. Refuses with `no-room`, `account-frozen` or `already-running` (another run on the subject owns
 * a hold) and then stores nothing but the accounts. Throws `KeyConflict` when the command key was used for another
 * family, variant, subject or trigger.
 */
export async function reserve(prisma: PrismaClient, request: ReserveRequest): Promise<Reserved | Refusal> {
  throw new Error('not written yet')
}
