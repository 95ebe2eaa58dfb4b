/** Labels and closes of an issue that runs worked on. */
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { onProposalIssue } from '../promotion/on-issue.ts'
import { unlessGone } from '../promotion/say.ts'
import { noteLabel } from './label.ts'
import { noteFor, runsOfIssue } from './note.ts'

interface IssueEvent {
  readonly action: string
  readonly issue: { readonly number: number }
  readonly sender: { readonly login: string; readonly type?: string | undefined }
  readonly label?: { readonly name: string } | null | undefined
}

export async function onIssue(parts: Parts, place: Place, event: IssueEvent): Promise<void> {
  await onProposalIssue(parts, place, event)
  const { action, label, sender } = event
  const { number } = event.issue
  switch (action) {
    case 'labeled':
    case 'unlabeled':
      if (!label) return
      return noteLabel(parts, place, await runsOfIssue(parts, place, number), {
        action,
        number,
        label: label.name,
        sender,
      })
    case 'closed':
    case 'reopened':
      return noteEnd(parts, place, number)
  }
}

/** What GitHub says of it now: an event may come late, after it was opened again. One that was deleted is told of no more. */
async function noteEnd(parts: Parts, place: Place, number: number): Promise<void> {
  const runs = await runsOfIssue(parts, place, number)
  if (runs.length === 0) return
  const read = await unlessGone(() => place.octokit.rest.issues.get({ ...place.name, issue_number: number }))
  if (!read) return
  const { state, state_reason: reason } = read.data
  if (state !== 'closed') return noteFor(parts, runs, { kind: 'closed', key: '', value: 'no' })
  const value = reason === 'not_planned' || reason === 'duplicate' ? 'not-planned' : 'completed'
  await noteFor(parts, runs, { kind: 'closed-as', key: '', value }, { kind: 'closed', key: '', value: 'yes' })
}
