/** Pages on GitHub that texts and jobs point to. */
import type { Run, Session } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../subject/place.ts'

export function siteOf(parts: Parts, place: Place): string {
  return `${parts.siteUrl}/${fullNameOf(place)}`
}

/** The job's page; `undefined` until GitHub has said which Actions run it is. */
export function actionsUrlOf(parts: Parts, place: Place, run: Pick<Run, 'actionsRunId'>): string | undefined {
  return run.actionsRunId === null ? undefined : `${siteOf(parts, place)}/actions/runs/${run.actionsRunId}`
}

/** The page of the session's comment; `undefined` until there is one. */
export function commentUrlOf(parts: Parts, place: Place, session: Session): string | undefined {
  if (session.commentId === null || session.subjectNumber === null) return undefined
  const page = session.subjectKind === 'pull-request' ? 'pull' : 'issues'
  return `${siteOf(parts, place)}/${page}/${session.subjectNumber}#issuecomment-${session.commentId}`
}

export function commitUrlOf(parts: Parts, place: Place, sha: string): string {
  return `${siteOf(parts, place)}/commit/${sha}`
}
