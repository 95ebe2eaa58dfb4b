/** A checkpoint as a file: with what it takes to ask for the same run again, so that it can go on in another folder. */
import { z } from 'zod/mini'
import { planSchema } from '../../core/plan/plan.ts'
import { checkpointSchema } from '../../core/session/checkpoint.ts'
import { microUsdWire } from '../../core/wire.ts'

export const CHECKPOINT = 'checkpoint.json'

export const savedSessionSchema = z.object({
  version: z.literal(1),
  variant: planSchema.shape.variant,
  inputs: planSchema.shape.inputs,
  overrides: planSchema.shape.overrides,
  subject: planSchema.shape.subject,
  /** By the session's runs before the one that made it. */
  beforeMicroUsd: z.optional(microUsdWire),
  checkpoint: checkpointSchema,
})
export type SavedSession = z.infer<typeof savedSessionSchema>
