/** Labels and closes of an issue that runs worked on. */
import { watchedRuns } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { onProposalIssue } from '../promotion/on-issue.ts'
import type { NewFact } from './facts.ts'
import { mayWrite, noteFor } from './note.ts'

interface IssueEvent {
  readonly action: string
  readonly issue: { readonly number: number }
  readonly sender: { readonly login: string; readonly type?: string | undefined }
  readonly label?: { readonly name: string } | null | undefined
}

export async function onIssue(parts: Parts, place: Place, event: IssueEvent): Promise<void> {
  await onProposalIssue(parts, place, event)
  const fact = factOf(event)
  if (!fact) return
  const runs = await watchedRuns(parts.prisma, place.repositoryId, `issue:${event.issue.number}`)
  if (runs.length === 0) return
  // A label counts when somebody set it who may write; that it is gone counts in any case.
  const isSet = fact.kind === 'label' && fact.value === 'on'
  if (isSet && !(await mayWrite(place, event.sender))) return
  await noteFor(parts, runs, fact)
}

function factOf({ action, label }: IssueEvent): NewFact | undefined {
  switch (action) {
    case 'labeled':
    case 'unlabeled':
      return label ? { kind: 'label', key: label.name, value: action === 'labeled' ? 'on' : 'off' } : undefined
    case 'closed':
    case 'reopened':
      return { kind: 'closed', key: '', value: action === 'closed' ? 'yes' : 'no' }
    default:
      return undefined
  }
}
