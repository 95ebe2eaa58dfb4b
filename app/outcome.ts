/** What became of a run's work: decided anew from the stored facts whenever one changes, by the declared rules. */
import { decideOutcome } from '../core/outcome.ts'
import { isRefusal } from '../core/reason.ts'
import { deliveryKindSchema } from '../core/run.ts'
import { recordOutcome } from './ledger/trial.ts'
import { factsOf } from './observe/facts.ts'
import type { Parts } from './parts.ts'
import { placeById } from './place.ts'
import { declaredBy } from './prepare.ts'
import { lookAtTrial } from './trial.ts'

export async function updateOutcome(parts: Parts, runId: string): Promise<void> {
  const found = await parts.prisma.run.findUnique({ where: { id: runId }, include: { facts: true } })
  // What never started made no work that anything could become of.
  if (!found?.endedAt || !found.conclusion || found.conclusion === 'refused') return
  const { facts: rows, ...run } = found
  const place = await placeById(parts, run.repositoryId)
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) {
    parts.log.warn(
      { run: runId, reason: declared.reason },
      'no outcome is decided while the configuration is unreadable',
    )
    return
  }
  const facts = factsOf(run, found.conclusion, found.endedAt, rows)
  const rules = declared.configuration.portfolios.outcomes
  const decided = decideOutcome(facts, rules, deliveryKindSchema.parse(run.delivery), parts.now())
  const changed = await recordOutcome(parts.prisma, runId, decided, facts.reverted, parts.now())
  if (changed) await parts.showLater(runId)
  await lookAtTrial(parts, place, declared, run)
}
