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
  if (pull.merged) {
    const meant = await meantFor(place, runs, number, pull.base.ref)
    return meant.length === 0 ? undefined : noteMerged(parts, place, meant, pull)
  }
  if (pull.state === 'open') return noteFor(parts, place, runs, { kind: 'closed', key: '', value: 'no' })
  await noteAt(parts, place, runs, await whenWas(parts, pull.closed_at), { kind: 'closed', key: '', value: 'yes' })
}

/**
 * On another branch than the default one nothing is in use yet: a stack may still come to nothing, and whoever may write chooses a
 * branch. Only what was handed over for the branch of the run's own subject is where it was meant to be.
 */
async function meantFor(place: Place, runs: readonly Run[], number: number, base: string): Promise<readonly Run[]> {
  if (base === place.defaultBranch) return runs
  const meant: Run[] = []
  for (const run of runs) {
    const [, subject] = /^pull-request:(\d+)$/.exec(run.subjectKey) ?? []
    if (subject === undefined || run.deliveredNumber !== number) continue
    const pull_number = Number(subject)
    const read = await unlessMissing(() => place.octokit.rest.pulls.get({ ...place.name, pull_number }))
    if (read?.data.head.ref === base) meant.push(run)
  }
  return meant
}
