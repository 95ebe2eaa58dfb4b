/**
 * The runner's door to the App: the bodies of `POST /api/v1/runs` and what lies below it. Both sides parse with
 * these schemas; `z.encode` writes them. A refusal answers 4xx with `refusalBodySchema`.
 */
import { z } from 'zod'
import { deliverySchema } from './changeset.ts'
import { planSchema } from './plan.ts'
import { reasonCodes } from './reason.ts'
import { conclusionSchema } from './run.ts'
import { microUsdWire } from './wire.ts'

export const API_BODY_BYTES_MAX = 8_000_000
/** The audience that a job asks its OIDC token for. */
export const OIDC_AUDIENCE = 'purser'
/** A runner reports at least this often; its lease is `LEASE_SECONDS` on the database's clock. */
export const HEARTBEAT_SECONDS = 20
export const LEASE_SECONDS = 120

export const refusalBodySchema = z.object({
  refused: z.literal(true),
  reason: z.enum(reasonCodes),
  message: z.string(),
  todo: z.string(),
})

/** `POST /runs`, opened by the OIDC token of a job on the default branch: a job asks for a run of its own. */
export const askBodySchema = z.strictObject({
  workflow: z.string().max(100),
  variant: z.string().max(100).optional(),
  inputs: z.record(z.string(), z.string().max(4000)).default({}),
  model: z.string().max(100).optional(),
  effort: z.string().max(20).optional(),
  capUsd: z.string().max(20).optional(),
  /** `github.event.before` of a push, so that the run can say what is new since. */
  baseSha: z.string().max(64).optional(),
})

/** `POST /runs/:id/claim`, opened by the OIDC token of the job that the App dispatched. */
export const claimBodySchema = z.strictObject({})

/** What both answer: the run's plan, and the bearer token that opens this run's other doors to this claim alone. */
export const claimAnswerSchema = z.object({
  runId: z.string(),
  sessionId: z.string(),
  token: z.string(),
  plan: planSchema,
  /** How much of the cap may be spent so far; events raise it. */
  drawnMicroUsd: microUsdWire,
  drawnTokens: z.int().nonnegative().optional(),
  /** What is left in the portfolio when this run's hold is taken off. */
  remainingMicroUsd: microUsdWire,
  /** The session's page of record for people: the comment, the pull request or the commit. */
  sessionUrl: z.string().optional(),
})
export type ClaimAnswer = z.infer<typeof claimAnswerSchema>

/** One model call as evidence. `unknown` usage is billed at what was reserved. */
export const callSchema = z.object({
  id: z.int().nonnegative(),
  step: z.string(),
  model: z.string(),
  reservedMicroUsd: microUsdWire,
  spentMicroUsd: microUsdWire,
  inputTokens: z.int().nonnegative(),
  cachedTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  reasoningTokens: z.int().nonnegative(),
  usage: z.enum(['reported', 'unknown']),
})
export type Call = z.infer<typeof callSchema>

/** `POST /runs/:id/events`: heartbeat and progress. `wantMicroUsd` asks to be drawn up to that much in all. */
export const eventsBodySchema = z.strictObject({
  sequence: z.int().nonnegative(),
  spentMicroUsd: microUsdWire,
  wantMicroUsd: microUsdWire,
  wantTokens: z.int().nonnegative().optional(),
  step: z.string().max(100).optional(),
  note: z.string().max(300).optional(),
})
export const eventsAnswerSchema = z.object({
  continue: z.boolean(),
  drawnMicroUsd: microUsdWire,
  drawnTokens: z.int().nonnegative().optional(),
})

export const stepReportSchema = z.object({
  id: z.string(),
  kind: z.enum(['agent', 'run']),
  ok: z.boolean(),
  turns: z.int().nonnegative(),
  attempts: z.int().nonnegative(),
  spentMicroUsd: microUsdWire,
  /** The last lines a command printed, or what the agent said at its end; redacted and bounded. */
  summary: z.string().max(4000),
})
export type StepReport = z.infer<typeof stepReportSchema>

/** `POST /runs/:id/finish`: the whole report. Repeating it answers the same and changes nothing. */
export const reportSchema = z.object({
  version: z.literal(1),
  conclusion: conclusionSchema,
  reason: z.enum(reasonCodes).optional(),
  message: z.string().max(2000),
  spentMicroUsd: microUsdWire,
  inputTokens: z.int().nonnegative(),
  cachedTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  steps: z.array(stepReportSchema).max(50),
  calls: z.array(callSchema).max(5000),
  /** Present whenever work was made, also when it is withheld. */
  delivery: deliverySchema.optional(),
})
export type Report = z.infer<typeof reportSchema>

/** What became of the delivery, for the job's outputs and summary. */
export const finishAnswerSchema = z.object({
  spentMicroUsd: microUsdWire,
  remainingMicroUsd: microUsdWire,
  delivery: z.string(),
  conclusion: conclusionSchema,
  reason: z.enum(reasonCodes).optional(),
})
export type FinishAnswer = z.infer<typeof finishAnswerSchema>
