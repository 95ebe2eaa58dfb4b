/** From a reserved run to a working one: dispatched by the App, claimed by one job, drawn by its heartbeats. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { firstTranche } from '../../core/money/hold.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { LEASE_SECONDS } from '../../core/run/protocol.ts'
import { changeBy, holdingStates, mayClaimAgain, type RunStanding } from '../../core/run/run-life.ts'
import type { Prisma, PrismaClient, Run } from '../../prisma/client/client.ts'
import { leaseUntil } from '../database/clock.ts'
import { transact } from '../database/transact.ts'
import { lookAfter } from './looked.ts'

const TOKEN_BYTES = 32

/** Notes that GitHub was asked to start the run's job; `actionsRunId` where it said which. Idempotent; a claimed or ended run keeps its state. */
export async function markDispatched(
  prisma: PrismaClient,
  runId: string,
  actionsRunId: bigint | undefined,
  now: Date,
): Promise<void> {
  await transact(prisma, async (transaction) => {
    const run = await lockRun(transaction, runId)
    if (run === undefined || !holdingStates.some((state) => state === run.state)) return
    const change = changeBy('dispatch', run)
    await transaction.$executeRaw`
      UPDATE run SET
        state = ${change.kind === 'moves' ? change.to : run.state}::run_state,
        dispatched_at = COALESCE(dispatched_at, ${now}),
        actions_run_id = COALESCE(${actionsRunId ?? null}::bigint, actions_run_id),
        look_after = ${lookAfter}
      WHERE id = ${runId}`
  })
}

export interface Claim {
  readonly run: Run
  /** Opens this run's other doors; told once, stored as a hash. */
  readonly token: string
  readonly epoch: number
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
}

/**
 * Gives the run to one step of a job, with a first tranche of its hold and a lease. The same step may claim again, for
 * the next epoch and a new token, until its first heartbeat. Refuses with `run-unknown` (also when it is another
 * repository's), `confirmation-needed`, `already-claimed` or `run-over`.
 */
export async function claim(
  prisma: PrismaClient,
  request: { readonly runId: string; readonly repositoryId: bigint; readonly jobKey: string; readonly now: Date },
): Promise<Claim | Refusal> {
  const { runId, repositoryId, jobKey, now } = request
  return transact(prisma, async (transaction) => {
    const reserved = await lockRun(transaction, runId)
    if (reserved?.repositoryId !== repositoryId) return refuse('run-unknown')
    const isAgain = reserved.state === 'claimed' && mayClaimAgain(reserved, jobKey)
    const change = changeBy(isAgain ? 'claim-again' : 'claim', reserved)
    if (change.kind === 'refuses') return refuse(change.reason)

    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const tranche = firstTranche('usd', reserved.heldMicroUsd)
    const trancheTokens = reserved.heldTokens === null ? null : firstTranche('tokens', reserved.heldTokens)
    await transaction.$executeRaw`
      UPDATE run SET
        state = 'claimed', epoch = epoch + 1, token_hash = ${hashOf(token)}, job_key = ${jobKey},
        lease_until = ${leaseUntil(LEASE_SECONDS)}, claimed_at = COALESCE(claimed_at, ${now}),
        drawn_micro_usd = ${tranche}, drawn_tokens = ${trancheTokens}::bigint
      WHERE id = ${runId}`
    const run = await transaction.run.findUniqueOrThrow({ where: { id: runId } })
    return { run, token, epoch: run.epoch, drawnMicroUsd: run.drawnMicroUsd, drawnTokens: run.drawnTokens }
  })
}

/** What is looked at of a run that somebody is about to move, which nobody else does until the transaction ends. */
interface LockedRun
  extends RunStanding,
    Pick<Run, 'repositoryId' | 'heldMicroUsd' | 'heldTokens' | 'jobKey' | 'heardAt'> {}

/** Without its plan and its report, which are long. */
async function lockRun(transaction: Prisma.TransactionClient, runId: string): Promise<LockedRun | undefined> {
  const [run] = await transaction.$queryRaw<LockedRun[]>`
    SELECT state::text, reason, report IS NOT NULL AS "hasReport", repository_id AS "repositoryId",
           held_micro_usd AS "heldMicroUsd", held_tokens AS "heldTokens", job_key AS "jobKey", heard_at AS "heardAt"
    FROM run WHERE id = ${runId} FOR UPDATE`
  return run
}

export type OpenedRun = Pick<Run, 'id' | 'sessionId' | 'family' | 'epoch' | 'state'>

/** The run that a bearer token opens, with the claim's epoch; `run-unknown` when it opens nothing. Also opens an ended run. */
export async function authenticate(prisma: PrismaClient, runId: string, token: string): Promise<OpenedRun | Refusal> {
  const run = await prisma.run.findUnique({
    where: { id: runId },
    select: { id: true, sessionId: true, family: true, epoch: true, state: true, tokenHash: true },
  })
  if (run === null || run.tokenHash === null) return refuse('run-unknown')
  const same = timingSafeEqual(Buffer.from(run.tokenHash, 'hex'), Buffer.from(hashOf(token), 'hex'))
  const { tokenHash: _tokenHash, ...opened } = run
  return same ? opened : refuse('run-unknown')
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export interface Drawn {
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
  /** Somebody asked the run to end. */
  readonly stopRequested: boolean
  /** Somebody asked it to rest. */
  readonly pauseRequested: boolean
}

/**
 * A heartbeat: extends the lease and raises what may be spent to `wantMicroUsd` (and `wantTokens`) in all, at most the
 * hold; never lowers it. A lease that is over but was not swept yet lives on, since nothing was posted. Refuses
 * with `run-unknown` (also when nobody has claimed it), `run-over` or, for an older claim, `already-claimed`.
 */
export async function draw(
  prisma: PrismaClient,
  request: {
    readonly runId: string
    readonly epoch: number
    readonly wantMicroUsd: bigint
    readonly wantTokens?: bigint | undefined
  },
): Promise<Drawn | Refusal> {
  const { runId, epoch, wantMicroUsd, wantTokens } = request
  const [drawn] = await prisma.$queryRaw<Drawn[]>`
    UPDATE run SET
      drawn_micro_usd = GREATEST(drawn_micro_usd, LEAST(held_micro_usd, ${wantMicroUsd})),
      drawn_tokens = CASE WHEN held_tokens IS NOT NULL
                     THEN GREATEST(drawn_tokens, LEAST(held_tokens, ${wantTokens ?? 0n})) END,
      lease_until = ${leaseUntil(LEASE_SECONDS)}, heard_at = clock_timestamp()
    WHERE id = ${runId} AND epoch = ${epoch} AND state = 'claimed'
    RETURNING drawn_micro_usd AS "drawnMicroUsd", drawn_tokens AS "drawnTokens", stop_requested AS "stopRequested",
              pause_requested AS "pauseRequested"`
  if (drawn !== undefined) return drawn
  const run = await prisma.run.findUnique({ where: { id: runId }, select: { state: true } })
  if (run === null) return refuse('run-unknown')
  if (run.state === 'ended') return refuse('run-over')
  return refuse(run.state === 'claimed' ? 'already-claimed' : 'run-unknown')
}
