/** What a run reports of itself: how it ended, every model call as evidence, and the work. */
import { z } from 'zod'
import { CALLS_MAX, callSchema } from './call.ts'
import { deliverySchema } from './changeset.ts'
import { reasonCodes } from './reason.ts'
import { conclusionSchema } from './run.ts'
import { microUsdWire } from './wire.ts'

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

/** What a run hands over when it ends; `POST /runs/:id/finish` takes it. */
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
  calls: z.array(callSchema).max(CALLS_MAX),
  /** Present whenever work was made, also when it is withheld. */
  delivery: deliverySchema.optional(),
})
export type Report = z.infer<typeof reportSchema>
