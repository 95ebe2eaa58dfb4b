/** How an issue that runs speak of was closed. */

import { unlessMissing } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { noteAt, noteFor } from './note.ts'
import { whenWas } from './when.ts'

/** What GitHub says of it now: an event may come late, after it was opened again. One that was deleted is told of no more. */
export async function noteIssueEnd(parts: Parts, place: Place, runs: readonly Run[], number: number): Promise<void> {
  if (runs.length === 0) return
  const read = await unlessMissing(() => place.octokit.rest.issues.get({ ...place.name, issue_number: number }))
  if (!read) return
  const { state, state_reason: reason, closed_at: closedAt } = read.data
  if (state !== 'closed') return noteFor(parts, place, runs, { kind: 'closed', key: '', value: 'no' })
  const value = reason === 'not_planned' || reason === 'duplicate' ? 'not-planned' : 'completed'
  const at = await whenWas(parts, closedAt)
  await noteAt(parts, place, runs, at, { kind: 'closed-as', key: '', value }, { kind: 'closed', key: '', value: 'yes' })
}
