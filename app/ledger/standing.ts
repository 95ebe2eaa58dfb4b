/** Where in its life a run's row says that it is. */
import type { RunStanding } from '../../core/run/run-life.ts'
import type { Run } from '../../prisma/client/client.ts'

export function standingOf(run: Pick<Run, 'state' | 'reason' | 'report'>): RunStanding {
  return { state: run.state, reason: run.reason, hasReport: run.report !== null }
}
