/** Whether a run can go on from a checkpoint. */

import { validateChangeset } from '../changes/guard.ts'
import type { Plan } from '../plan/plan.ts'
import { type Refusal, refuse } from '../reason.ts'
import type { Checkpoint } from './checkpoint.ts'

/** What is in the way of going on; the checkpoint may have come from anywhere. */
export function checkResume(plan: Plan, { workflow, changeset }: Checkpoint): Refusal | undefined {
  const { headSha } = plan.subject
  const no = (why: string) => refuse('checkpoint-unusable', why)
  if (workflow !== plan.workflow) {
    return no(`The checkpoint is of the workflow \`${workflow}\`, and this run is of \`${plan.workflow}\`.`)
  }
  if (changeset.baseSha !== headSha) {
    const [made, pinned] = [changeset.baseSha.slice(0, 12), headSha.slice(0, 12)]
    return no(`The checkpoint’s work was made on the commit ${made} and does not apply to ${pinned}.`)
  }
  const [violation] = validateChangeset(changeset)
  return violation === undefined ? undefined : no(`The checkpoint’s work can’t be applied: ${violation.message}`)
}
