/** Reserving: a session, its run and the holds on every account that pays, all in one transaction or not at all. */

import type { StartedBy } from '../../core/config/trigger.ts'
import type { AccountSpec } from '../../core/money/account.ts'
import type { Quote } from '../../core/money/quote.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Refusal } from '../../core/reason.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { transactSql } from '../database/transact.ts'
import { payersOf, remainingIn } from './accounts.ts'
import { KeyConflict } from './key-conflict.ts'
import { conflictOf, findKnown } from './known.ts'
import type { Ledger } from './ledger.ts'
import { type NewRunRow, newRunRow, textsOf } from './new-run.ts'
import { type Decided, reserveOutOfLine } from './reserve-runs.ts'
import { storeRuns, updateWaiting } from './store-runs.ts'
import { storedQuote } from './stored.ts'

export interface NewSession {
  readonly repositoryId: bigint
  readonly subjectKind: Plan['subject']['kind']
  readonly subjectNumber?: number | undefined
  /** One word for the subject within its repository: `pull-request:12`. */
  readonly subjectKey: string
  readonly trigger: StartedBy
  /** What started it, once and for all: `comment:123`, `job:RUN:ATTEMPT:CHECK:STEP`. A repeat gets the first result. */
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
  /** The `/agent go` that it is reserved by, or quoted again for. */
  readonly goKey?: string | undefined
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

/** Without its plan, which is long, and the moment of its hold, which the database knows. */
export type StoredRun = Omit<Run, 'plan' | 'reservedAt'>

/** A session and its run as they are in the ledger. */
export interface Stored {
  readonly session: Session
  readonly run: StoredRun
  readonly quote: Quote
  /** Whether this is the first result of a command that had been here before. */
  readonly repeated: boolean
}

export interface Reserved extends Stored {
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  /** What is left in the account that pays; null where tokens pay. Not below zero where nothing is enforced. */
  readonly remainingMicroUsd: bigint | null
  readonly remainingTokens: bigint | null
}

/**
 * Stores a session whose run waits for `/agent go`: it holds nothing. Reserving with the same `commandKey` later
 * turns the waiting run into a reserved one, with the plan and numbers of that moment. With another `goKey` what waits is
 * quoted again. Throws `KeyConflict` as `reserve` does.
 */
export async function propose(ledger: Ledger, request: Omit<ReserveRequest, 'accounts'>): Promise<Stored> {
  const { goKey, plan } = request.run
  const hold = { heldMicroUsd: plan.capMicroUsd }
  const texts = textsOf(request, hold, 'waiting')
  const answer = await transactSql(ledger, async (sql) => {
    const known = await findKnown(sql, request.session)
    const row = newRunRow(request, known, hold, texts, 'waiting')
    if (known === undefined) {
      await storeRuns(sql, [row], [])
      return { row, repeated: false }
    }
    const conflict = conflictOf(known, request)
    if (conflict !== undefined) throw new KeyConflict(conflict)
    const isAgain = known.state === 'waiting' && goKey !== undefined && goKey !== known.goKey
    if (isAgain) await updateWaiting(sql, [row])
    return { runId: known.runId, repeated: !isAgain }
  })
  return stored(ledger, answer)
}

/**
 * Reserves a run's hold. Refuses with `no-room`, `account-frozen` or `already-running` (another run on the subject owns
 * a hold) and then stores nothing but the accounts. Throws `KeyConflict` when the command key was used for another
 * family, variant, subject or trigger.
 */
export async function reserve(ledger: Ledger, request: ReserveRequest): Promise<Reserved | Refusal> {
  const answer = await ledger.reserving.add(request)
  if (answer.kind !== 'out-of-line') return answered(ledger, answer)
  return answered(ledger, await transactSql(ledger, (sql) => reserveOutOfLine(sql, request)))
}

/** As it is told to whoever asked. */
export async function answered(ledger: Ledger, answer: Decided): Promise<Reserved | Refusal> {
  if (answer.kind === 'refused') return answer.refusal
  if (answer.kind === 'conflict') throw new KeyConflict(answer.message)
  const found = await stored(ledger, { ...answer, repeated: answer.kind === 'repeated' })
  const accounts = answer.kind === 'repeated' ? await payersOf(ledger.prisma, answer.runId) : answer.accounts
  return {
    ...found,
    heldMicroUsd: found.run.heldMicroUsd,
    heldTokens: found.run.heldTokens,
    remainingMicroUsd: remainingIn('usd', accounts),
    remainingTokens: remainingIn('tokens', accounts),
  }
}

/** What was just written, without reading it again; else what is there. */
async function stored(
  { prisma }: Ledger,
  answer: ({ readonly row: NewRunRow } | { readonly runId: string }) & { readonly repeated: boolean },
): Promise<Stored> {
  const { repeated } = answer
  if ('row' in answer) {
    const { session, run, texts } = answer.row
    return { session, run, quote: texts.quote, repeated }
  }
  const { session, ...run } = await prisma.run.findUniqueOrThrow({
    where: { id: answer.runId },
    omit: { plan: true },
    include: { session: true },
  })
  return { session, run, quote: storedQuote(run), repeated }
}
