/**
 * What is said in a proposal's issue: one comment for each thing that is told, edited when it is told again. An issue that was
 * deleted or moved to another repository can't be told anything, which is no fault.
 */

import { unlessMissing } from '../../delivery/github.ts'
import { say, withMarker } from '../../delivery/say.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import type { Place } from '../subject/place.ts'

/** `what` tells comments of one issue apart: letters, digits and hyphens. */
export async function sayIn(place: Place, promotion: Promotion, what: string, body: string): Promise<void> {
  const { issueNumber, decision } = promotion
  if (issueNumber === null) return
  await unlessMissing(() => say(place, issueNumber, withMarker(`${decision}-${issueNumber}-${what}`, body)))
}

export async function setIssueState(place: Place, promotion: Promotion, state: 'open' | 'closed'): Promise<void> {
  const { issueNumber } = promotion
  if (issueNumber === null) return
  const reason =
    state === 'closed' ? ({ state_reason: promotion.state === 'merged' ? 'completed' : 'not_planned' } as const) : {}
  await unlessMissing(() =>
    place.octokit.rest.issues.update({ ...place.name, issue_number: issueNumber, state, ...reason }),
  )
}

/** Labels that are not there any more are as good as taken off. */
export async function takeOff(place: Place, issueNumber: number, labels: readonly string[]): Promise<void> {
  const { data } = await place.octokit.rest.issues.listLabelsOnIssue({ ...place.name, issue_number: issueNumber })
  for (const { name } of data.filter((label) => labels.includes(label.name))) {
    await unlessMissing(() => place.octokit.rest.issues.removeLabel({ ...place.name, issue_number: issueNumber, name }))
  }
}
