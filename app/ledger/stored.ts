/** What the ledger keeps as JSON, written and read by the schemas of `core`. */
import { z } from 'zod'
import type { Quote } from '../../core/money/quote.ts'
import { type Plan, planSchema } from '../../core/plan/plan.ts'
import { type Report, reportSchema } from '../../core/run/report.ts'
import { microUsdWire } from '../../core/wire.ts'
import type { Prisma, Run } from '../../prisma/client/client.ts'
import { toJsonText } from '../database/json.ts'

const quoteSchema = z.object({
  runs: z.int().nonnegative(),
  usualMicroUsd: z.exactOptional(microUsdWire),
  nineInTenMicroUsd: z.exactOptional(microUsdWire),
  capMicroUsd: microUsdWire,
  askedMicroUsd: z.exactOptional(microUsdWire),
})

export function storedPlan(run: Pick<Run, 'plan'>): Plan {
  return planSchema.parse(run.plan)
}

export function storedQuote(run: Pick<Run, 'quote'>): Quote {
  return quoteSchema.parse(run.quote)
}

/** Undefined until a run has reported. */
export function storedReport(run: Pick<Run, 'report'>): Report | undefined {
  return run.report === null ? undefined : reportSchema.parse(run.report)
}

export function quoteJson(quote: Quote): Prisma.JsonObject {
  return z.encode(quoteSchema, quote)
}

/** As `z.encode` by its schema, which takes longer than the rest of a reservation: amounts are all that it would change. */
export function planText(plan: Plan): string {
  return toJsonText(plan)
}

export function reportText(report: Report): string {
  return toJsonText(report)
}
