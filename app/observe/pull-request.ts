/** Labels, merges and closes of a pull request. */
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { onProposalPull, type PullEvent } from '../promotion/on-pull.ts'
import { noteLabel } from './label.ts'
import { noteMerged } from './merged.ts'
import { noteFor, runsOfPullRequest } from './note.ts'
import { noteRevertedBy } from './reverts.ts'

interface PullRequestEvent {
  readonly action: string
  readonly number: number
  readonly sender?: { readonly login: string } | undefined
  readonly label?: { readonly name: string } | null | undefined
  readonly pull_request: PullEvent['pull_request'] & { readonly body: string | null }
}

export async function onPullRequest(parts: Parts, place: Place, event: PullRequestEvent): Promise<void> {
  await onProposalPull(parts, place, event)
  const { action, number, sender, label, pull_request: pull } = event
  switch (action) {
    case 'labeled':
    case 'unlabeled':
      if (!label) return
      return noteLabel(parts, place, await runsOfPullRequest(parts, place, number), {
        action,
        number,
        label: label.name,
        sender,
      })
    case 'closed':
    case 'reopened':
      if (action === 'closed' && pull.merged) await noteRevertedBy(parts, place, pull.body ?? '')
      return noteEnd(parts, place, number)
  }
}

/** What GitHub says of it now: an event may come late, after it was opened again. */
async function noteEnd(parts: Parts, place: Place, number: number): Promise<void> {
  const runs = await runsOfPullRequest(parts, place, number)
  if (runs.length === 0) return
  const { data: pull } = await place.octokit.rest.pulls.get({ ...place.name, pull_number: number })
  if (pull.merged) return noteMerged(parts, place, runs, pull)
  await noteFor(parts, runs, { kind: 'closed', key: '', value: pull.state === 'closed' ? 'yes' : 'no' })
}
