/** What GitHub shows of runs' work now, all of it, as if its webhooks had just come. */
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { noteChecksOn, noteStatusesOn } from './checks.ts'
import { noteIssueEnd } from './issue-end.ts'
import { noteLabels } from './label.ts'
import { runsOfIssue, runsOfPullRequest } from './note.ts'
import { notePullEnd } from './pull-end.ts'
import { noteReviews } from './review.ts'

export interface Looked {
  readonly kind: 'pull-request' | 'issue'
  readonly number: number
}

/** One run's work: the checks on it, and the pull request or issue in which it lies. */
export async function lookAtRun(parts: Parts, place: Place, run: Run): Promise<void> {
  if (run.deliveredSha !== null) {
    await noteChecksOn(parts, place, run.deliveredSha)
    await noteStatusesOn(parts, place, run.deliveredSha)
  }
  const where = whereabouts(run)
  if (where) await lookAt(parts, place, where, [run])
}

/** A pull request or an issue, for all runs whose work lies there. Where there are none GitHub is not asked. */
export async function lookAtSubject(parts: Parts, place: Place, where: Looked): Promise<void> {
  const { kind, number } = where
  const runs = await (kind === 'issue' ? runsOfIssue(parts, place, number) : runsOfPullRequest(parts, place, number))
  await lookAt(parts, place, where, runs)
}

async function lookAt(parts: Parts, place: Place, { kind, number }: Looked, runs: readonly Run[]): Promise<void> {
  if (runs.length === 0) return
  await noteLabels(parts, place, runs, number)
  if (kind === 'issue') return noteIssueEnd(parts, place, runs, number)
  await noteReviews(parts, place, runs, number)
  await notePullEnd(parts, place, runs, number)
}

/** Work that is handed over as a pull request or an issue of its own meets its fate there, all other on its subject. */
function whereabouts(run: Run): Looked | undefined {
  if (run.deliveredNumber !== null) {
    return { kind: run.delivery === 'issue' ? 'issue' : 'pull-request', number: run.deliveredNumber }
  }
  const [, kind, number] = /^(pull-request|issue):(\d+)$/.exec(run.subjectKey) ?? []
  if (number === undefined || run.delivery === 'pull-request') return undefined
  return { kind: kind === 'issue' ? 'issue' : 'pull-request', number: Number(number) }
}
