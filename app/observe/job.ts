/** What GitHub says of the job of a run: that it never began, or that it is over without a report. */
import type { Run } from '../../prisma/client/client.ts'
import { expire, release } from '../ledger/settle.ts'
import { updateOutcomeAndShow } from '../outcome/outcome.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'

interface JobEvent {
  readonly workflow_job: {
    readonly run_id: number
    readonly run_attempt: number
    /** `.../check-runs/123`: the one number that a job's OIDC token names too. */
    readonly check_run_url: string
  }
}

/**
 * A dispatched run whose Actions run is over without a claim never started, and one that was claimed in that very attempt
 * is lost: what is told late of an earlier attempt says nothing of a job of the next.
 */
export async function onWorkflowRun(
  parts: Parts,
  place: Place,
  event: { readonly workflow_run: { readonly id: number; readonly run_attempt: number } },
): Promise<void> {
  const { repositoryId } = place
  const { id, run_attempt: attempt } = event.workflow_run
  const runs = await parts.prisma.run.findMany({
    where: {
      repositoryId,
      actionsRunId: BigInt(id),
      OR: [{ state: 'dispatched' }, { state: 'claimed', jobKey: { startsWith: `${id}:${attempt}:` } }],
    },
  })
  for (const run of runs) await endUnreported(parts, run)
}

/** One job of an Actions run can be over long before the others are. */
export async function onJob(parts: Parts, place: Place, { workflow_job: job }: JobEvent): Promise<void> {
  const checkRunId = job.check_run_url.split('/').at(-1)
  const runs = await parts.prisma.run.findMany({
    where: {
      repositoryId: place.repositoryId,
      actionsRunId: BigInt(job.run_id),
      jobKey: { startsWith: `${job.run_id}:${job.run_attempt}:${checkRunId}:` },
      state: 'claimed',
    },
  })
  for (const run of runs) await endUnreported(parts, run)
}

async function endUnreported(parts: Parts, run: Run): Promise<void> {
  const now = parts.now()
  const ended =
    run.state === 'claimed'
      ? await expire(parts.ledger, run.id, now)
      : await release(parts.ledger, run.id, 'never-started', now)
  if (!ended) return
  parts.log.warn({ run: run.id, state: run.state }, 'a job ended without a report')
  await updateOutcomeAndShow(parts, run.id)
}
