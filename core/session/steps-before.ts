/** Where a run goes on from a checkpoint. It is loaded by every run, so it imports nothing. */

import type { Plan } from '../plan/plan.ts'
import type { Checkpoint, FinishedStep } from './checkpoint.ts'

/**
 * The steps that need not be done again: those at the plan's beginning that the checkpoint has as finished. Where every one
 * is and people have spoken since, the step whose conversation it has is taken up again, and those after it are repeated.
 */
export function stepsBefore(plan: Plan, { steps, conversation }: Checkpoint, isSpokenTo: boolean): FinishedStep[] {
  const same = plan.steps.findIndex(({ id }, index) => steps[index]?.report.id !== id)
  const finished = steps.slice(0, same < 0 ? plan.steps.length : same)
  const spokenTo = finished.findIndex(({ report }) => report.id === conversation?.step)
  return isSpokenTo && spokenTo >= 0 ? finished.slice(0, spokenTo) : finished
}
