/**
 * The runner's door to the App: the bodies of `POST /api/v1/runs` and what lies below it. Both sides parse with
 * these schemas; `z.encode` writes them. A refusal answers 4xx with `refusalBodySchema`.
 */
import { z } from 'zod/mini'
import { planSchema } from '../plan/plan.ts'
import { reasonCodes } from '../reason.ts'
import { checkpointSchema, saidMeanwhileSchema } from '../session/checkpoint.ts'
import { EARLIER_RESULTS_MAX, earlierResultSchema } from '../session/earlier-result.ts'
import { EVENTS_BATCH_MAX } from '../session/event-bounds.ts'
import { sessionEventSchema } from '../session/session-event.ts'
import { microUsdWire, spentMicroUsdWire } from '../wire.ts'
import { conclusionSchema } from './run.ts'

export const API_BODY_BYTES_MAX = 8_000_000
/** The audience that a job asks its OIDC token for. */
export const OIDC_AUDIENCE = 'purser'
/** A runner reports at least this often; its lease is `LEASE_SECONDS` on the database's clock. */
export const HEARTBEAT_SECONDS = 20
export const LEASE_SECONDS = 120

/**
 * What tells the steps of one job apart, since its identity does not: a UUID that the runner makes for its step before
 * the first try and repeats in every further one, so that a try whose answer was lost gets the same run again.
 */
const stepNonceSchema = z.uuid()

export const refusalBodySchema = z.object({
  refused: z.literal(true),
  reason: z.enum(reasonCodes),
  message: z.string(),
  todo: z.string(),
})

/** `POST /runs`, opened by the OIDC token of a job on the default branch: a job asks for a run of its own. */
export const askBodySchema = z.strictObject({
  workflow: z.string().check(z.maxLength(100)),
  variant: z.optional(z.string().check(z.maxLength(100))),
  inputs: z._default(z.record(z.string(), z.string().check(z.maxLength(4000))), {}),
  model: z.optional(z.string().check(z.maxLength(100))),
  effort: z.optional(z.string().check(z.maxLength(20))),
  capUsd: z.optional(z.string().check(z.maxLength(20))),
  /** `github.event.before` of a push, so that the run can say what is new since. */
  baseSha: z.optional(z.string().check(z.maxLength(64))),
  step: stepNonceSchema,
})

/** `POST /runs/:id/claim`, opened by the OIDC token of the job that the App dispatched. */
export const claimBodySchema = z.strictObject({ step: stepNonceSchema })

/** What both answer: the run's plan, and the bearer token that opens this run's other doors to this claim alone. */
export const claimAnswerSchema = z.object({
  runId: z.string(),
  sessionId: z.string(),
  token: z.string(),
  plan: planSchema,
  /** How much of the cap may be spent so far; events raise it. */
  drawnMicroUsd: microUsdWire,
  drawnTokens: z.optional(z.int().check(z.nonnegative())),
  /** What is left in the account that pays when this run's hold is taken off; 0 where tokens pay. */
  remainingMicroUsd: microUsdWire,
  /** The session's page of record for people: the comment, the pull request or the commit. */
  sessionUrl: z.optional(z.string()),
  /** The run goes on from here; the plan's `headSha` is the commit that its changeset names. */
  resume: z.optional(checkpointSchema),
  /** What earlier runs of the session came to, oldest first. */
  earlier: z.optional(z.array(earlierResultSchema).check(z.maxLength(EARLIER_RESULTS_MAX))),
  /** What people said to the session since, oldest first; the agent is told it before its next turn. */
  said: z.optional(saidMeanwhileSchema),
})
export type ClaimAnswer = z.infer<typeof claimAnswerSchema>

/** `POST /runs/:id/events`: heartbeat and progress. `wantMicroUsd` asks to be drawn up to that much in all. */
export const eventsBodySchema = z.strictObject({
  sequence: z.int().check(z.nonnegative()),
  spentMicroUsd: spentMicroUsdWire,
  wantMicroUsd: microUsdWire,
  wantTokens: z.optional(z.int().check(z.nonnegative())),
  step: z.optional(z.string().check(z.maxLength(200))),
  note: z.optional(z.string().check(z.maxLength(300))),
  /** What happened since the last batch that the App has taken: consecutive numbers; one that it has already changes nothing. */
  events: z.optional(z.array(sessionEventSchema).check(z.maxLength(EVENTS_BATCH_MAX))),
  /** The newest one, sent until the App has answered; it stands in for all before it. */
  checkpoint: z.optional(checkpointSchema),
})
export const eventsAnswerSchema = z.object({
  /** False: the run is to end now. */
  continue: z.boolean(),
  /** The run is to finish the call that is under way, send a checkpoint and end with the reason `paused`. */
  pause: z.optional(z.boolean()),
  /** How many of the run's events the App has: the next one it wants is of this number. Absent from an App that keeps none. */
  eventsTaken: z.optional(z.int().check(z.nonnegative())),
  /** What people said; repeated until an event `said` tells that the agent was told. */
  said: z.optional(saidMeanwhileSchema),
  drawnMicroUsd: microUsdWire,
  drawnTokens: z.optional(z.int().check(z.nonnegative())),
})

/** `POST /runs/:id/finish` takes a report; repeating it answers the same and changes nothing. What became of the delivery, for the job's outputs and summary. */
export const finishAnswerSchema = z.object({
  spentMicroUsd: microUsdWire,
  /** What is left in the account `paidBy`; 0 where there is none, since older Actions want a number. */
  remainingMicroUsd: microUsdWire,
  /** The account in money that paid. Absent where tokens paid, and from an older App. */
  paidBy: z.optional(
    z.object({ kind: z.enum(['portfolio', 'squad', 'experiment']), name: z.string().check(z.maxLength(200)) }),
  ),
  delivery: z.string(),
  conclusion: conclusionSchema,
  reason: z.optional(z.enum(reasonCodes)),
})
export type FinishAnswer = z.infer<typeof finishAnswerSchema>
