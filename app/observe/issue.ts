/** Labels and closes of an issue: of one that runs worked on, of a proposal, and of one that a value is measured by. */
import type { Parts } from '../parts.ts'
import { onProposalIssue } from '../promotion/on-issue.ts'
import type { Place } from '../subject/place.ts'
import { onMarkedIssue } from './incident.ts'
import { noteIssueEnd } from './issue-end.ts'
import { noteLabels } from './label.ts'
import { runsOfIssue } from './note.ts'

interface IssueEvent {
  readonly action: string
  readonly issue: { readonly number: number; readonly labels?: readonly ({ readonly name: string } | null)[] | null }
  readonly sender: { readonly login: string; readonly type?: string | undefined }
  readonly label?: { readonly name: string } | null | undefined
}

export async function onIssue(parts: Parts, place: Place, event: IssueEvent): Promise<void> {
  await onProposalIssue(parts, place, event)
  await onMarkedIssue(parts, place, event)
  const { action, label, sender } = event
  const { number } = event.issue
  switch (action) {
    case 'labeled':
    case 'unlabeled':
      if (!label) return
      return noteLabels(parts, place, await runsOfIssue(parts, place, number), number, { label: label.name, sender })
    case 'closed':
    case 'reopened':
      return noteIssueEnd(parts, place, await runsOfIssue(parts, place, number), number)
  }
}
