/** A checkpoint as a file: with the plan that it belongs to, so that the file alone is enough to go on elsewhere. */
import { z } from 'zod/mini'
import { checkpointSchema } from '../core/checkpoint.ts'
import { planSchema } from '../core/plan.ts'

export const CHECKPOINT = 'checkpoint.json'

export const savedSessionSchema = z.object({ version: z.literal(1), plan: planSchema, checkpoint: checkpointSchema })
export type SavedSession = z.infer<typeof savedSessionSchema>
