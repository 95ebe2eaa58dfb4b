/** Going on with a session: which of its runs left something to go on from, and how its checkpoint fits the next one's plan. */

import type { Plan } from '../plan/plan.ts'
import { type Refusal, refuse } from '../reason.ts'
import type { Conclusion } from '../run/run.ts'
import type { Checkpoint } from './checkpoint.ts'

interface EndedSo {
  readonly conclusion: Conclusion | null
  readonly reason?: string | null | undefined
}

/** Why `/agent resume` has nothing to do here; undefined where it has. */
export function refuseResume(run: EndedSo): Refusal | undefined {
  switch (run.conclusion) {
    case 'completed':
      return refuse(
        'nothing-to-resume',
        'The last run here came to its end.',
        'Say what is still to be done with `/agent say "..."`, or run it again with `/agent retry`.',
      )
    case 'withheld':
      if (run.reason === 'awaits-approval') {
        return refuse(
          'nothing-to-resume',
          'The last run here came to its end, and its work waits for a person.',
          'Deliver it with `/agent deliver`, or say what is to be changed with `/agent say "..."`.',
        )
      }
      return refuse(
        'nothing-to-resume',
        'The last run here came to its end, and a guard withheld its work.',
        'Say how to mend it with `/agent say "..."`; a maintainer can have it delivered with `/agent deliver` where the workflow lets the guard be set aside.',
      )
    default:
      return undefined
  }
}

/** Whether `/agent resume` goes on with a run that has ended so: its comment says how. */
export function isResumable(run: EndedSo): boolean {
  return run.conclusion !== null && refuseResume(run) === undefined
}

/**
 * The checkpoint as the next run starts from it. Its work is left out where the run starts from another commit, which has it
 * already; its steps and its conversation where the run is of another workflow or variant, or its steps are others by now. A
 * run that has come to its end can only be spoken to: where nobody says anything the steps begin anew, on its work.
 */
export function fitCheckpoint(checkpoint: Checkpoint, plan: Plan, isSpokenTo: boolean): Checkpoint | undefined {
  const { headSha } = plan.subject
  const changeset = checkpoint.changeset.baseSha === headSha ? checkpoint.changeset : { baseSha: headSha, files: [] }
  const isSame = goesOnWithSteps(checkpoint, plan) && (isSpokenTo || checkpoint.steps.length < plan.steps.length)
  const { conversation: _conversation, variant: _variant, ...rest } = checkpoint
  const work = {
    ...rest,
    workflow: plan.workflow,
    ...(plan.variant === undefined ? {} : { variant: plan.variant }),
    changeset,
  }
  const isEmpty = changeset.files.length === 0
  if (!isSame) return isEmpty ? undefined : { ...work, steps: [], commandsRun: 0 }
  const { conversation } = checkpoint
  if (isEmpty && conversation === undefined && checkpoint.steps.length === 0) return undefined
  return { ...work, ...(conversation === undefined ? {} : { conversation }) }
}

function goesOnWithSteps({ workflow, variant, steps, conversation }: Checkpoint, plan: Plan): boolean {
  const ids = plan.steps.map(({ id }) => id)
  return (
    workflow === plan.workflow &&
    variant === plan.variant &&
    steps.every(({ report }, index) => report.id === ids[index]) &&
    (conversation === undefined || ids.includes(conversation.step))
  )
}
