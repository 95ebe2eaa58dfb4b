/** Labels, merges and closes of a pull request. */
import type { Parts } from '../parts.ts'
import { onProposalPull } from '../promotion/on-pull.ts'
import type { Place } from '../subject/place.ts'
import { noteLabels } from './label.ts'
import { runsOfPullRequest } from './note.ts'
import { notePullEnd } from './pull-end.ts'
import { noteRevertedBy } from './reverts.ts'

interface PullRequestEvent {
  readonly action: string
  readonly number: number
  readonly sender?: { readonly login: string } | undefined
  readonly label?: { readonly name: string } | null | undefined
  readonly pull_request: { readonly body: string | null; readonly merged?: boolean | null }
}

export async function onPullRequest(parts: Parts, place: Place, event: PullRequestEvent): Promise<void> {
  await onProposalPull(parts, place, event)
  const { action, number, sender, label, pull_request: pull } = event
  switch (action) {
    case 'labeled':
    case 'unlabeled': {
      if (!label) return
      const runs = await runsOfPullRequest(parts, place, number)
      return noteLabels(parts, place, runs, number, { label: label.name, sender })
    }
    case 'closed':
    case 'reopened':
      if (action === 'closed' && pull.merged) await noteRevertedBy(parts, place, { number, body: pull.body })
      return notePullEnd(parts, place, await runsOfPullRequest(parts, place, number), number)
  }
}
