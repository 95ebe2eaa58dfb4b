/** A trial is looked at only at checkpoints; what two in a row say becomes a promotion issue. */
import { decideTrial, dueCheckpoint, evaluateTrial } from '../core/promotion.ts'
import type { Run } from '../prisma/client/client.ts'
import type { Declared } from './configuration.ts'
import { checkpoints, saveCheckpoint, settledInAll, tally } from './ledger/trial.ts'
import type { Parts } from './parts.ts'
import type { Place } from './place.ts'
import { propose } from './promotion.ts'

const DAY_MS = 86_400_000

export async function lookAtTrial(
  parts: Parts,
  place: Place,
  declared: Declared,
  run: Pick<Run, 'repositoryId' | 'family' | 'variant'>,
): Promise<void> {
  const { repositoryId, family, variant } = run
  // The baseline's runs weigh in at the variant's checkpoints; they are none themselves.
  if (variant === null) return
  const trial = { repositoryId, family, variant }
  const { promotion } = declared.configuration
  const before = await checkpoints(parts.prisma, trial)
  const settled = await settledInAll(parts.prisma, trial)
  const due = dueCheckpoint(promotion, settled, before.at(-1)?.settled ?? 0)
  if (due !== undefined) {
    const start = windowStart(parts.now(), promotion.window.days)
    const baseline = { repositoryId, family, variant: null }
    const [ours, theirs] = [await tally(parts.prisma, trial, start), await tally(parts.prisma, baseline, start)]
    await saveCheckpoint(parts.prisma, trial, due, evaluateTrial(promotion, ours, theirs), parts.now())
  }
  const { decision } = decideTrial(due === undefined ? before : await checkpoints(parts.prisma, trial))
  if (decision === 'not-yet') return
  await propose(parts, place, declared, trial, decision, due !== undefined)
}

export function windowStart(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY_MS)
}
