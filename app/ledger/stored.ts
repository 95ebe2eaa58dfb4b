/** What the ledger keeps as JSON, written and read by the schemas of `core`. */
import { z } from 'zod'
import { type Plan, planSchema } from '../../core/plan.ts'
import type { Quote } from '../../core/quote.ts'
import { type Report, reportSchema } from '../../core/report.ts'
import { microUsdWire } from '../../core/wire.ts'
import type { Prisma, Run } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'

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

export function planJson(plan: Plan): Prisma.InputJsonObject {
  return toJson(z.encode(planSchema, plan))
}

export function quoteJson(quote: Quote): Prisma.InputJsonObject {
  return toJson(z.encode(quoteSchema, quote))
}

export function reportJson(report: Report): Prisma.InputJsonObject {
  return toJson(z.encode(reportSchema, report))
}
