/** What the ledger keeps as JSON, written and read by the schemas of `core`. */
import type { Plan } from '../../core/plan.ts'
import type { Report } from '../../core/protocol.ts'
import type { Quote } from '../../core/quote.ts'
import type { Run } from '../../prisma/client/client.ts'

export function storedPlan(run: Pick<Run, 'plan'>): Plan {
  throw new Error('not written yet')
}

export function storedQuote(run: Pick<Run, 'quote'>): Quote {
  throw new Error('not written yet')
}

export function storedReport(run: Pick<Run, 'report'>): Report | undefined {
  throw new Error('not written yet')
}
