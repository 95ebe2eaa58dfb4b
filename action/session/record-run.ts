/** The events that belong to a run as a whole: its beginning, its model calls, its end. */

import type { Plan } from '../../core/plan/plan.ts'
import type { Checkpoint } from '../../core/session/checkpoint.ts'
import type { EarlierResult } from '../../core/session/earlier-result.ts'
import type { Executed } from '../finish-run.ts'
import type { Journal } from '../money/journal.ts'
import type { Recording } from './recording.ts'

export function recordStart(
  recording: Recording,
  plan: Plan,
  checkpoint: Checkpoint | undefined,
  earlier: readonly EarlierResult[],
): void {
  const { workflow, variant, portfolio, inputs, overrides, subject, capMicroUsd } = plan
  const step = checkpoint?.conversation?.step
  recording.record({
    kind: 'run-started',
    workflow,
    ...(variant !== undefined && { variant }),
    portfolio,
    inputs,
    ...(overrides && { overrides }),
    subject,
    capMicroUsd,
    ...(earlier.length > 0 && { earlier: [...earlier] }),
    ...(checkpoint && { resumed: { ...(step !== undefined && { step }), stepsFinished: checkpoint.steps.length } }),
  })
}

/** Each call is an event as soon as it is answered. */
export function recordedJournal(journal: Journal, recording: Recording): Journal {
  return {
    ...journal,
    answered(call) {
      journal.answered(call)
      recording.record({ kind: 'usage', call })
    },
  }
}

export function recordEnd(recording: Recording, { report }: Executed): void {
  const { conclusion, reason, message, spentMicroUsd } = report
  recording.record({ kind: 'ended', conclusion, ...(reason && { reason }), message, spentMicroUsd })
}
