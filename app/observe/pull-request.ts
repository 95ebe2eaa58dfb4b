/** Labels, merges and closes of a pull request. */
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { onProposalPull, type PullEvent } from '../promotion/on-pull.ts'
import type { NewFact } from './facts.ts'
import { mayWrite, noteFor, runsOfPullRequest } from './note.ts'
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
  const fact = factOf(event)
  if (!fact) return
  if (fact.kind === 'merged') await noteRevertedBy(parts, place, event.pull_request.body ?? '')
  const runs = await runsOfPullRequest(parts, place, event.number)
  if (runs.length === 0) return
  // A label counts when somebody set it who may merge; that it is gone counts in any case.
  const isSet = fact.kind === 'label' && fact.value === 'on'
  if (isSet && !(event.sender && (await mayWrite(place, event.sender)))) return
  await noteFor(parts, runs, fact)
}

function factOf({ action, label, pull_request: pull }: PullRequestEvent): NewFact | undefined {
  switch (action) {
    case 'labeled':
    case 'unlabeled':
      return label ? { kind: 'label', key: label.name, value: action === 'labeled' ? 'on' : 'off' } : undefined
    case 'closed':
      return { kind: pull.merged ? 'merged' : 'closed', key: '', value: 'yes' }
    case 'reopened':
      return { kind: 'closed', key: '', value: 'no' }
    default:
      return undefined
  }
}
