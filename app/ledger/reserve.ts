/** Reserving: a session, its run and the holds on every account that pays, all in one transaction or not at all. */
import type { AccountSpec } from '../../core/account.ts'
import { type HoldAmount, holdAmount } from '../../core/hold.ts'
import type { Plan } from '../../core/plan.ts'
import { type Quote, quoteRun } from '../../core/quote.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { changeBy, holdingStates } from '../../core/run-life.ts'
import type { Account, Prisma, PrismaClient, Run, Session } from '../../prisma/client/client.ts'
import { transact } from '../database/transact.ts'
import { ensureAccounts, remainingIn } from './accounts.ts'
import { newRunId, newSessionId } from './identifier.ts'
import { KeyConflict } from './key-conflict.ts'
import { standingOf } from './standing.ts'
import { planJson, quoteJson, storedQuote } from './stored.ts'

export interface NewSession {
  readonly repositoryId: bigint
  readonly subjectKind: Plan['subject']['kind']
  readonly subjectNumber?: number | undefined
  /** One word for the subject within its repository: `pull-request:12`. */
  readonly subjectKey: string
  readonly trigger: 'comment' | 'push' | 'schedule' | 'dispatch' | 'session' | 'cli'
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

/** A session and its run as they are in the ledger. */
export interface Stored {
  readonly session: Session
  readonly run: Run
  readonly quote: Quote
  /** Whether this is the first result of a command that had been here before. */
  readonly repeated: boolean
}

export interface Reserved extends Stored {
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  /** What the hold leaves in the account that pays; null where tokens pay. Not below zero where nothing is enforced. */
  readonly remainingMicroUsd: bigint | null
  readonly remainingTokens: bigint | null
}

/**
 * Stores a session whose run waits for `/agent go`: it holds nothing. Reserving with the same `commandKey` later
 * turns the waiting run into a reserved one, with the plan and numbers of that moment. With another `goKey` what waits is
 * quoted again.
 */
export async function propose(prisma: PrismaClient, request: Omit<ReserveRequest, 'accounts'>): Promise<Stored> {
  return transact(prisma, async (transaction) => {
    const first = await findByCommand(transaction, request)
    const { goKey, plan } = request.run
    const isAgain = first?.run.state === 'waiting' && goKey !== undefined && goKey !== first.run.goKey
    if (first !== undefined && !isAgain) return { ...first, quote: storedQuote(first.run), repeated: true }
    const stored = await store(
      transaction,
      request,
      first,
      runFields(request, { heldMicroUsd: plan.capMicroUsd }, 'waiting'),
    )
    return { ...stored, quote: storedQuote(stored.run), repeated: false }
  })
}

/**
 * Reserves a run's hold. Refuses with `no-room`, `account-frozen` or `already-running` (another run on the subject owns
 * a hold) and then stores nothing but the accounts. Throws `KeyConflict` when the command key was used for another
 * family, variant, subject or trigger.
 */
export async function reserve(prisma: PrismaClient, request: ReserveRequest): Promise<Reserved | Refusal> {
  return transact(prisma, async (transaction) => {
    const { repositoryId, subjectKey } = request.session
    // Locked first: repeats of one command wait for each other here, and the second finds what the first stored.
    const accounts = await ensureAccounts(transaction, repositoryId, request.accounts, request.now)
    const first = await findByCommand(transaction, request)
    if (first !== undefined && changeBy('reserve', standingOf(first.run)).kind === 'stays') {
      return reserved(first, accounts, true)
    }

    // The unique index on open runs holds this against another account's transaction as well.
    const open = await transaction.run.findFirst({
      where: { repositoryId, subjectKey, state: { in: [...holdingStates] } },
      select: { sessionId: true },
    })
    if (open !== null) {
      return refuse(
        'already-running',
        `The session \`${open.sessionId}\` has a run under way here, and two at once would write over each other.`,
        'Wait until it ends, or end it with `/agent stop`; then repeat the command.',
      )
    }

    const { plan, floorMicroUsd } = request.run
    const capTokens = plan.capTokens === undefined ? undefined : BigInt(plan.capTokens)
    const hold = holdAmount({ capMicroUsd: plan.capMicroUsd, floorMicroUsd, capTokens }, accounts)
    if (isRefusal(hold)) return hold

    const stored = await store(transaction, request, first, runFields(request, hold, 'reserved'))
    const held: Account[] = []
    for (const account of accounts) {
      held.push(await holdOn(transaction, account, stored.run, amountFor(account, hold), request.now))
    }
    return reserved(stored, held, false)
  })
}

/** A new session, or new numbers for the run that waits in it. */
async function store(
  transaction: Prisma.TransactionClient,
  request: Omit<ReserveRequest, 'accounts'>,
  first: { readonly session: Session; readonly run: Run } | undefined,
  fields: ReturnType<typeof runFields>,
): Promise<{ session: Session; run: Run }> {
  if (first === undefined) return insertSession(transaction, request, fields)
  return { ...first, run: await transaction.run.update({ where: { id: first.run.id }, data: fields }) }
}

function amountFor(account: Account, hold: HoldAmount): bigint {
  return account.unit === 'usd' ? hold.heldMicroUsd : (hold.heldTokens ?? 0n)
}

/** Takes the amount off the account's room on the row itself, and enters it. */
async function holdOn(
  transaction: Prisma.TransactionClient,
  account: Account,
  run: Run,
  amount: bigint,
  now: Date,
): Promise<Account> {
  const entered = await transaction.$executeRaw`
    WITH reserved AS (
      UPDATE account SET held = held + ${amount}
      WHERE id = ${account.id} AND (ceiling IS NULL OR (NOT frozen AND spent + held + ${amount} <= ceiling))
      RETURNING id
    ), held AS (
      INSERT INTO hold (run_id, account_id, amount) SELECT ${run.id}, id, ${amount} FROM reserved
    )
    INSERT INTO entry (account_id, run_id, kind, held_change, key, at)
    SELECT id, ${run.id}, 'reserve', ${amount}, ${`run:${run.id}:reserve:${account.id}`}, ${now} FROM reserved`
  if (entered !== 1) throw new Error(`the account ${account.id} lost its room while it was locked`)
  return { ...account, held: account.held + amount }
}

function reserved(
  stored: { readonly session: Session; readonly run: Run },
  accounts: readonly Account[],
  repeated: boolean,
): Reserved {
  return {
    ...stored,
    quote: storedQuote(stored.run),
    heldMicroUsd: stored.run.heldMicroUsd,
    heldTokens: stored.run.heldTokens,
    remainingMicroUsd: remainingIn('usd', accounts),
    remainingTokens: remainingIn('tokens', accounts),
    repeated,
  }
}

async function findByCommand(
  transaction: Prisma.TransactionClient,
  { session: asked, run: askedRun }: Omit<ReserveRequest, 'accounts'>,
): Promise<{ session: Session; run: Run } | undefined> {
  // Locked, so that a waiting run is turned into a reserved one once, whichever accounts pay.
  const [known] = await transaction.$queryRaw<{ id: string }[]>`
    SELECT id FROM session
    WHERE repository_id = ${asked.repositoryId} AND command_key = ${asked.commandKey} FOR UPDATE`
  if (known === undefined) return undefined
  const found = await transaction.session.findUniqueOrThrow({
    where: { id: known.id },
    include: { runs: { orderBy: { createdAt: 'asc' }, take: 1 } },
  })
  const { runs, ...session } = found
  const [run] = runs
  if (run === undefined) throw new Error(`the session ${session.id} has no run`)
  const same =
    run.family === askedRun.family &&
    run.variant === askedRun.variant &&
    session.subjectKey === asked.subjectKey &&
    session.trigger === asked.trigger
  if (!same) throw new KeyConflict(`the command ${asked.commandKey} came again with other parameters`)
  return { session, run }
}

async function insertSession(
  transaction: Prisma.TransactionClient,
  { session: asked, run, now }: Omit<ReserveRequest, 'accounts'>,
  fields: ReturnType<typeof runFields>,
): Promise<{ session: Session; run: Run }> {
  const session = await transaction.session.create({
    data: {
      id: newSessionId(),
      repositoryId: asked.repositoryId,
      subjectKind: asked.subjectKind,
      subjectNumber: asked.subjectNumber ?? null,
      subjectKey: asked.subjectKey,
      family: run.family,
      trigger: asked.trigger,
      commandKey: asked.commandKey,
      ceilingMicroUsd: run.plan.capMicroUsd,
      createdAt: now,
    },
  })
  const data = {
    id: newRunId(),
    sessionId: session.id,
    repositoryId: asked.repositoryId,
    family: run.family,
    variant: run.variant,
    subjectKey: asked.subjectKey,
    createdAt: now,
    ...fields,
  }
  return { session, run: await transaction.run.create({ data }) }
}

/** What a waiting run and a reserved one have in common, with the numbers of this moment. */
function runFields({ run, now }: Omit<ReserveRequest, 'accounts'>, hold: HoldAmount, state: 'waiting' | 'reserved') {
  const { plan } = run
  const holds = state === 'reserved'
  // What only waits may wait for ever, and is prepared anew at its go (forgetSubjectWords says why they go).
  const { title: _title, headRef: _headRef, ...nameless } = plan.subject
  const heldPlan: Plan = {
    ...plan,
    subject: holds ? plan.subject : nameless,
    capMicroUsd: hold.heldMicroUsd,
    ...(hold.heldTokens === undefined ? {} : { capTokens: Number(hold.heldTokens) }),
  }
  return {
    state,
    assignment: run.assignment,
    portfolio: run.portfolio,
    squad: run.squad ?? null,
    headSha: run.headSha,
    configSha: run.configSha,
    plan: planJson(heldPlan),
    quote: quoteJson(quoteRun(run.recentSpendsMicroUsd, plan.capMicroUsd, hold.heldMicroUsd)),
    capMicroUsd: plan.capMicroUsd,
    heldMicroUsd: holds ? hold.heldMicroUsd : 0n,
    heldTokens: holds ? (hold.heldTokens ?? null) : null,
    drawnTokens: holds && hold.heldTokens !== undefined ? 0n : null,
    delivery: plan.deliver,
    goKey: run.goKey ?? null,
    reservedAt: holds ? now : null,
  } satisfies Prisma.RunUpdateInput
}
