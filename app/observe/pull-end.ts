/** How a pull request that runs worked on, or handed over, has ended. */

import { unlessMissing } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { noteMerged } from './merged.ts'
import { noteAt, noteFor } from './note.ts'
import { whenWas } from './when.ts'

/** What GitHub says of it now: an event may come late, after it was opened again. */
export async function notePullEnd(parts: Parts, place: Place, runs: readonly Run[], number: number): Promise<void> {
  if (runs.length === 0) return
  const read = await unlessMissing(() => place.octokit.rest.pulls.get({ ...place.name, pull_number: number }))
  if (!read) return
  const { data: pull } = read
  if (pull.merged) return noteMerged(parts, place, runs, pull)
  if (pull.state === 'open') return noteFor(parts, runs, { kind: 'closed', key: '', value: 'no' })
  await noteAt(parts, runs, await whenWas(parts, pull.closed_at), { kind: 'closed', key: '', value: 'yes' })
}
