/** A run as a line of evidence: what anybody needs to recompute a decision, and nothing about who asked for it. */
import { z } from 'zod'
import { BASELINE } from '../plan/assignment.ts'
import { conclusionSchema, outcomeSchema } from './run.ts'

const SPEND = 'not an amount; expected whole micro-USD, as a number or as decimal text; for example "250000"'

/** JSON's numbers are floats, so what they can't hold exactly comes as text. */
const spendMicroUsd = z
  .union([z.int(SPEND).nonnegative(SPEND), z.string().regex(/^\d{1,18}$/, SPEND)], SPEND)
  .transform((written) => BigInt(written))

const MOMENT = 'not a moment; expected a date and time with an offset; for example 2026-11-20T12:00:00Z'

/** `2026-11-20T12:00:00Z`; finer than milliseconds is cut. */
export const moment = z.iso.datetime({ offset: true, error: MOMENT }).transform((text) => new Date(text))

const word = z.string().min(1).max(300)
const variant = word.refine(
  (name) => name !== BASELINE,
  'the baseline is no variant; expected null, or the name of one',
)

export const runRecordSchema = z.object({
  run: word,
  family: word,
  /** Null or left out for the baseline. */
  variant: variant.nullish().transform((named) => named ?? null),
  portfolio: word,
  /** The squad that proposed the variant, for credit. */
  squad: word.nullish().transform((squad) => squad ?? null),
  /** The same text for runs on the same pull request, issue or commit. */
  subject: word,
  endedAt: moment,
  conclusion: conclusionSchema,
  spendMicroUsd,
  outcome: outcomeSchema,
  reverted: z.boolean(),
  /** Whether the variant (or the baseline) was assigned to the subject rather than chosen by name. */
  assigned: z.boolean(),
})
export type RunRecord = z.output<typeof runRecordSchema>

/** As a line of JSON, without its end. */
export function recordLine({ endedAt, spendMicroUsd, ...record }: RunRecord): string {
  const { run, family, variant, portfolio, squad, subject, conclusion, outcome, reverted, assigned } = record
  return JSON.stringify({
    run,
    family,
    variant,
    portfolio,
    squad,
    subject,
    endedAt: endedAt.toISOString(),
    conclusion,
    spendMicroUsd: spendMicroUsd.toString(),
    outcome,
    reverted,
    assigned,
  })
}

/** Whether two records say the same of a run. */
export function sameRecord(one: RunRecord, other: RunRecord): boolean {
  return recordLine(one) === recordLine(other)
}
