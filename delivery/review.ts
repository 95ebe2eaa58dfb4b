/** Words as the delivery: a review of a pull request. It neither approves nor blocks a merge. */
import { type DeliveryPlace, statusOf } from './github.ts'
import { oursMarked } from './say.ts'

/** Reviews that are looked through for one that an earlier try already made. */
const LOOKED_THROUGH_MAX = 300
const PAGE = 100

/** On lines of the file as the reviewed commit has it. */
export interface LineComment {
  readonly path: string
  readonly line: number
  readonly endLine: number
  readonly body: string
}

export interface ReviewDraft {
  /** Begins with the marker. */
  readonly body: string
  /** The commit that it stands on; the pull request's head where it is left out. */
  readonly commitSha?: string | undefined
  readonly comments?: readonly LineComment[] | undefined
}

/** The page of the review with this marker, if there is one. */
export async function findReview(place: DeliveryPlace, number: number, marker: string): Promise<string | undefined> {
  const subject = { ...place.name, pull_number: number }
  for (let page = 1; page <= LOOKED_THROUGH_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.pulls.listReviews({ ...subject, per_page: PAGE, page })
    const [made] = await oursMarked(place, data, marker)
    if (made) return made.html_url
    if (data.length < PAGE) return undefined
  }
  return undefined
}

/**
 * Submits the first of the drafts that GitHub takes, and answers the review's page. It takes a review with all its comments
 * or refuses it whole: 422, as for a line that it does not show or a commit that it no longer counts in.
 */
export async function submitReview(
  place: DeliveryPlace,
  number: number,
  [draft, ...simpler]: readonly [ReviewDraft, ...ReviewDraft[]],
): Promise<string> {
  const { body, commitSha, comments = [] } = draft
  try {
    const { data } = await place.octokit.rest.pulls.createReview({
      ...place.name,
      pull_number: number,
      event: 'COMMENT',
      body,
      ...(commitSha !== undefined && { commit_id: commitSha }),
      ...(comments.length > 0 && { comments: comments.map(asTaken) }),
    })
    return data.html_url
  } catch (error) {
    const [next, ...others] = simpler
    if (next === undefined || statusOf(error) !== 422) throw error
    return submitReview(place, number, [next, ...others])
  }
}

function asTaken({ path, line, endLine, body }: LineComment) {
  const side = 'RIGHT'
  const from = line === endLine ? {} : { start_line: line, start_side: side }
  return { path, line: endLine, side, ...from, body }
}
