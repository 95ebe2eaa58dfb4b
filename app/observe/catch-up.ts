/**
 * A delivery that is recorded long after its run ended may have been made by an earlier try, and GitHub may have told of it
 * before the ledger knew it. What has been shown of it since is read once.
 */
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { noteChecksOn, noteStatusesOn } from './checks.ts'
import { noteIssueEnd } from './issue-end.ts'
import { noteMerged } from './merged.ts'
import { noteFor } from './note.ts'

/** Nobody's checks are done, and nobody merges, within this time of a delivery. */
const PROMPT_MS = 5_000

export async function catchUp(parts: Parts, place: Place, run: Run): Promise<void> {
  const isPrompt = run.endedAt !== null && parts.now().getTime() - run.endedAt.getTime() < PROMPT_MS
  if (isPrompt) return
  if (run.deliveredSha !== null) {
    await noteChecksOn(parts, place, run.deliveredSha)
    await noteStatusesOn(parts, place, run.deliveredSha)
  }
  if (run.deliveredNumber === null) return
  if (run.delivery === 'issue') await noteIssueEnd(parts, place, [run], run.deliveredNumber)
  else await notePull(parts, place, run, run.deliveredNumber)
}

async function notePull(parts: Parts, place: Place, run: Run, number: number): Promise<void> {
  const { data: pull } = await place.octokit.rest.pulls.get({ ...place.name, pull_number: number })
  if (pull.state === 'open') return
  if (pull.merged) return noteMerged(parts, place, [run], pull)
  await noteFor(parts, [run], { kind: 'closed', key: '', value: 'yes' })
}
