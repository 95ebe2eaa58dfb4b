/** Runs that are asked about by themselves: whether their job still waits or works, and what is shown of their work. */

import { unlessMissing } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import { takeUnlooked } from '../ledger/looked.ts'
import { onWorkflowRun } from '../observe/job.ts'
import { lookAtRun } from '../observe/look.ts'
import type { Parts } from '../parts.ts'
import { type Place, placeById } from '../subject/place.ts'

/** In one sweep. A look is some six requests, and an installation has five thousand an hour. */
const RUNS_AT_ONCE = 10

/** One run's trouble must not keep the others waiting. */
export async function lookAtRuns(parts: Parts): Promise<void> {
  for (const run of await takeUnlooked(parts.prisma, RUNS_AT_ONCE)) {
    try {
      const place = await placeById(parts, run.repositoryId)
      if (run.state === 'ended') await lookAtRun(parts, place, run)
      else await lookAtJob(parts, place, run)
    } catch (error) {
      parts.log.warn({ err: error, run: run.id }, 'GitHub could not be asked what became of a run')
    }
  }
}

/** A job that is over without a word. One that GitHub no longer has is left to its lease, or to the day that it may wait. */
async function lookAtJob(parts: Parts, place: Place, { actionsRunId }: Run): Promise<void> {
  if (actionsRunId === null) return
  const { octokit, name } = place
  const read = await unlessMissing(() => octokit.rest.actions.getWorkflowRun({ ...name, run_id: Number(actionsRunId) }))
  if (read?.data.status !== 'completed') return
  await onWorkflowRun(parts, place, {
    workflow_run: { id: read.data.id, run_attempt: read.data.run_attempt ?? 1 },
  })
}
