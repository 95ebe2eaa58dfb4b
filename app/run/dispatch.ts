/** Asks GitHub Actions to start the run's job on the default branch, and keeps the id of the Actions run. */
import { z } from 'zod'
import { isRefused, statusOf } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import { markDispatched } from '../ledger/claim.ts'
import { release } from '../ledger/settle.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'

/** The one Actions workflow that carries out dispatched runs; `purser init` writes it. */
export const ACTIONS_WORKFLOW = '.github/workflows/purser.yml'

/** The answer is empty where run details are not known. */
const runDetailsSchema = z.object({ workflow_run_id: z.int().positive() })

export type BegunRun = Pick<Run, 'id' | 'state' | 'conclusion'>

/**
 * Says whether a job was started. When GitHub says no, the hold is released and the session's comment says why; when
 * GitHub says nothing, this throws, so that it is tried again. Two jobs of one run are harmless: one claims it, the
 * other is turned away.
 */
export async function dispatch(parts: Parts, place: Place, run: BegunRun): Promise<boolean> {
  if (run.state !== 'reserved') return run.conclusion !== 'refused'
  try {
    const actionsRunId = await requestDispatch(place, run.id)
    await markDispatched(parts.prisma, run.id, actionsRunId, parts.now())
    return true
  } catch (error) {
    if (!isRefused(error)) throw error
    parts.log.warn({ run: run.id, err: error }, 'GitHub refused the dispatch')
    await release(parts.ledger, run.id, 'dispatch-failed', parts.now())
    return false
  } finally {
    await parts.showLater(run.id)
  }
}

async function requestDispatch(place: Place, runId: string): Promise<bigint | undefined> {
  const request = {
    ...place.name,
    workflow_id: ACTIONS_WORKFLOW.split('/').at(-1) ?? ACTIONS_WORKFLOW,
    ref: place.defaultBranch,
    inputs: { run: runId },
  }
  const { createWorkflowDispatch } = place.octokit.rest.actions
  try {
    const { data } = await createWorkflowDispatch({ ...request, return_run_details: true })
    const details = runDetailsSchema.safeParse(data)
    return details.success ? BigInt(details.data.workflow_run_id) : undefined
  } catch (error) {
    // An older GitHub Enterprise Server knows no run details; any job that shows the run's id can then claim it.
    if (statusOf(error) !== 400) throw error
    await createWorkflowDispatch(request)
    return undefined
  }
}
