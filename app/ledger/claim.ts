/** From a reserved run to a working one: dispatched by the App, claimed by one job, drawn by its heartbeats. */
import type { Refusal } from '../../core/reason.ts'
import type { PrismaClient, Run } from '../../prisma/client/client.ts'

/** Notes that GitHub was asked to start the run's job; `actionsRunId` where it said which. Idempotent; a claimed or ended run keeps its state. */
export async function markDispatched(
  prisma: PrismaClient,
  runId: string,
  actionsRunId: bigint | undefined,
  now: Date,
): Promise<void> {
  throw new Error('not written yet')
}

export interface Claim {
  readonly run: Run
  /** Opens this run's other doors; told once, stored as a hash. */
  readonly token: string
  readonly epoch: number
  readonly drawnMicroUsd: bigint
  readonly drawnTokens?: bigint | undefined
}

/**
 * Gives the run to one job, with a first tranche of its hold and a lease. The same job claiming again gets its claim back
 * with a new token and the next epoch. Refuses with `run-unknown` (also when it is another repository's),
 * `already-claimed` or `run-over`.
 */
export async function claim(
  prisma: PrismaClient,
  request: { readonly runId: string; readonly repositoryId: bigint; readonly jobKey: string; readonly now: Date },
): Promise<Claim | Refusal> {
  throw new Error('not written yet')
}

/** The run that a bearer token opens, with the claim's epoch; `run-unknown` when it opens nothing. Also opens an ended run. */
export async function authenticate(prisma: PrismaClient, runId: string, token: string): Promise<Run | Refusal> {
  throw new Error('not written yet')
}

export interface Drawn {
  readonly drawnMicroUsd: bigint
  readonly drawnTokens?: bigint | undefined
  /** Somebody asked the run to end. */
  readonly stopRequested: boolean
}

/**
 * A heartbeat: extends the lease and raises what may be spent to `wantMicroUsd` (and `wantTokens`) in all, at most the
 * hold; never lowers it. Refuses with `run-over` or, for an older claim, `already-claimed`.
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
  throw new Error('not written yet')
}

/** Asks a claimed run to end at its next heartbeat. Says whether there was one to ask. */
export async function requestStop(prisma: PrismaClient, runId: string): Promise<boolean> {
  throw new Error('not written yet')
}
