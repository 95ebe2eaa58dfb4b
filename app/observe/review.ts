/** Reviews by somebody who may merge. The latest of them all stands: who gave it is not kept. */
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import type { NewFact } from './facts.ts'
import { mayWrite, noteFor, runsOfPullRequest } from './note.ts'
import { noteReviewSpans } from './span.ts'

interface ReviewEvent {
  readonly action: string
  readonly review: {
    readonly state: string
    readonly submitted_at?: string | null
    readonly user: { readonly login: string; readonly type?: string | undefined } | null
  }
  readonly pull_request: { readonly number: number }
}

const values = { approved: 'approved', changes_requested: 'changes-requested', dismissed: 'dismissed' } as const

export async function onReview(parts: Parts, place: Place, event: ReviewEvent): Promise<void> {
  const { review } = event
  const state = review.state.toLowerCase()
  if (!isTold(state) || !review.user || review.user.type === 'Bot') return
  const runs = await runsOfPullRequest(parts, place, event.pull_request.number)
  if (runs.length === 0 || !(await mayWrite(place, review.user))) return
  if (state !== 'dismissed') await noteReviewSpans(parts, place, event.pull_request.number, review.submitted_at)
  const fact: NewFact = { kind: 'review', key: '', value: values[state] }
  await noteFor(parts, runs, fact)
}

function isTold(state: string): state is keyof typeof values {
  return state in values
}
