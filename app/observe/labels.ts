/** Labels of an issue that runs worked on. */

import { watchedRuns } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { mayWrite, noteFor } from './note.ts'

interface IssueLabelEvent {
  readonly action: string
  readonly issue: { readonly number: number }
  readonly sender: { readonly login: string }
  readonly label?: { readonly name: string } | null | undefined
}

export async function onIssueLabel(parts: Parts, place: Place, event: IssueLabelEvent): Promise<void> {
  const { label, action } = event
  if (!label) return
  const runs = await watchedRuns(parts.prisma, place.repositoryId, `issue:${event.issue.number}`)
  if (runs.length === 0) return
  if (action === 'labeled' && !(await mayWrite(place, event.sender))) return
  await noteFor(parts, runs, { kind: 'label', key: label.name, value: action === 'labeled' ? 'on' : 'off' })
}
