/** Words as the delivery: a review of a pull request. It neither approves nor blocks a merge. */
import type { DeliveryPlace } from './github.ts'
import { firstLineOf, isMarked } from './say.ts'

/** Reviews that are looked through for one that an earlier try already made. */
const LOOKED_THROUGH_MAX = 300
const PAGE = 100

export interface ReviewOrder {
  readonly number: number
  readonly headSha: string
  /** Begins with its marker. */
  readonly body: string
}

/** Answers the review's page. */
export async function submitReview(place: DeliveryPlace, order: ReviewOrder): Promise<string> {
  const subject = { ...place.name, pull_number: order.number }
  const marker = firstLineOf(order.body)
  for (let page = 1; page <= LOOKED_THROUGH_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.pulls.listReviews({ ...subject, per_page: PAGE, page })
    const made = data.find((review) => isMarked(review, marker))
    if (made) return made.html_url
    if (data.length < PAGE) break
  }
  const { headSha, body } = order
  const { data } = await place.octokit.rest.pulls.createReview({
    ...subject,
    commit_id: headSha,
    event: 'COMMENT',
    body,
  })
  return data.html_url
}
