/** Reviews by somebody who may merge. The latest that stands counts: who gave it is not kept. */

import { isMachine } from '../../delivery/author.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { newest, PAGE } from './newest.ts'
import { mayWrite, noteAt, noteFor, runsOfPullRequest } from './note.ts'
import { noteReviewSpans } from './span.ts'
import { whenWas } from './when.ts'

interface ReviewEvent {
  readonly review: { readonly state: string }
  readonly pull_request: { readonly number: number }
}

const values = { approved: 'approved', changes_requested: 'changes-requested', dismissed: 'dismissed' } as const

export async function onReview(parts: Parts, place: Place, { review, pull_request }: ReviewEvent): Promise<void> {
  if (!isTold(review.state.toLowerCase())) return
  const { number } = pull_request
  await noteReviews(parts, place, await runsOfPullRequest(parts, place, number), number)
}

/** What GitHub has of them now: a dismissed one says nothing, except that nothing stands where all are. */
export async function noteReviews(parts: Parts, place: Place, runs: readonly Run[], number: number): Promise<void> {
  if (runs.length === 0) return
  const { octokit, name } = place
  const reviews = await unlessMissing(() =>
    newest((page) => octokit.rest.pulls.listReviews({ ...name, pull_number: number, per_page: PAGE, page })),
  )
  const told = (reviews ?? []).flatMap(({ state: written, user, submitted_at: at }) => {
    const state = written.toLowerCase()
    return isTold(state) && user && !isMachine(user) ? [{ state, user, at }] : []
  })
  const may = new Map<string, boolean>()
  for (const { user } of told) may.set(user.login, may.get(user.login) ?? (await mayWrite(place, user)))
  const standing = told.filter(({ state, user }) => state !== 'dismissed' && may.get(user.login))
  for (const { at } of standing) await noteReviewSpans(parts, place, number, at)
  const last = standing.at(-1)
  if (last) {
    const at = await whenWas(parts, last.at)
    return noteAt(parts, place, runs, at, { kind: 'review', key: '', value: values[last.state] })
  }
  const isDismissed = told.some(({ state }) => state === 'dismissed')
  if (isDismissed) await noteFor(parts, place, runs, { kind: 'review', key: '', value: 'dismissed' })
}

function isTold(state: string): state is keyof typeof values {
  return state in values
}
