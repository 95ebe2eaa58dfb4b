/** What a run reports of itself: how it ended, every model call as evidence, and the work. */
import { z } from 'zod/mini'
import { CHANGESET_PATH_CHARACTERS_MAX, deliverySchema } from '../changes/changeset.ts'
import { TEST_CHANGE_CHARACTERS_MAX, TEST_CHANGES_MAX } from '../changes/test-bounds.ts'
import { CALLS_MAX, callSchema } from '../money/call.ts'
import { reasonCodes } from '../reason.ts'
import { spentMicroUsdWire } from '../wire.ts'
import { conclusionSchema } from './run.ts'

export const stepReportSchema = z.object({
  id: z.string(),
  kind: z.enum(['agent', 'run']),
  ok: z.boolean(),
  turns: z.int().check(z.nonnegative()),
  attempts: z.int().check(z.nonnegative()),
  spentMicroUsd: spentMicroUsdWire,
  /** The last lines a command printed, or what the agent said at its end; redacted and bounded. */
  summary: z.string().check(z.maxLength(4000)),
})
export type StepReport = z.infer<typeof stepReportSchema>

/** See `test-changes.ts`. `what` is as the file has it: data. */
const testChangeSchema = z.object({
  kind: z.enum(['deleted', 'removed', 'skipped', 'alone', 'fewer', 'weaker', 'expects', 'unread', 'runner']),
  path: z.string().check(z.maxLength(CHANGESET_PATH_CHARACTERS_MAX)),
  line: z.int().check(z.positive()),
  what: z.string().check(z.maxLength(TEST_CHANGE_CHARACTERS_MAX)),
})

/** What a run hands over when it ends; `POST /runs/:id/finish` takes it. */
export const reportSchema = z.object({
  version: z.literal(1),
  conclusion: conclusionSchema,
  reason: z.optional(z.enum(reasonCodes)),
  message: z.string().check(z.maxLength(2000)),
  spentMicroUsd: spentMicroUsdWire,
  inputTokens: z.int().check(z.nonnegative()),
  cachedTokens: z.int().check(z.nonnegative()),
  outputTokens: z.int().check(z.nonnegative()),
  steps: z.array(stepReportSchema).check(z.maxLength(50)),
  calls: z.array(callSchema).check(z.maxLength(CALLS_MAX)),
  /** That no model call was ever sent, as the runner knows or its journal shows: no calls in the list alone don't prove it. */
  noCallSent: z.optional(z.literal(true)),
  /** How the work loosens tests, for the reader. */
  testChanges: z.optional(z.array(testChangeSchema).check(z.maxLength(TEST_CHANGES_MAX))),
  /** Present whenever work was made, also when it is withheld. */
  delivery: z.optional(deliverySchema),
})
export type Report = z.infer<typeof reportSchema>
