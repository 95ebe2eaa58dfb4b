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
  const run = await parts.prisma.run.findUnique({ where: { id: runId } })
  // What never started made no work that anything could become of; what has not ended is decided when it has.
  if (!run?.endedAt || run.conclusion === 'refused') return
  const place = await placeById(parts, run.repositoryId)
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) {
    parts.log.warn(
      { run: runId, reason: declared.reason },
      'no outcome is decided while the configuration is unreadable',
    )
    return
  }
  const rules = declared.configuration.portfolios.outcomes
  const now = parts.now()
  const changed = await recordOutcome(
    parts.prisma,
    runId,
    (run, rows) => {
      const facts = factsOf(run, rows)
      return { ...decideOutcome(facts, rules, deliveryKindSchema.parse(run.delivery), now), reverted: facts.reverted }
    },
    now,
  )
  if (changed) await parts.showLater(runId)
  await lookAtTrial(parts, place, declared, run)
}
