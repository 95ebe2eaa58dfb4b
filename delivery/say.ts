/**
 * Comments of the App. The hidden first line of each names what it is, so that a repeated try edits the comment that an
 * earlier one made instead of adding a second.
 */
import { sessionMarker } from '../core/text/marker.ts'
import { ours } from './author.ts'
import type { DeliveryPlace } from './github.ts'

export interface Said {
  readonly id: number
  readonly url: string
}

/** Comments that are looked through for one that an earlier try made. */
const LOOKED_THROUGH_MAX = 300
const PAGE = 100

/** `body` begins with its marker. */
export async function say(place: DeliveryPlace, number: number, body: string): Promise<Said> {
  const made = await findComment(place, number, firstLineOf(body))
  if (made) return made.body === body ? made : edit(place, made.id, body)
  const { data } = await place.octokit.rest.issues.createComment({ ...place.name, issue_number: number, body })
  return { id: data.id, url: data.html_url }
}

export async function edit(place: DeliveryPlace, commentId: number, body: string): Promise<Said> {
  const { data } = await place.octokit.rest.issues.updateComment({ ...place.name, comment_id: commentId, body })
  return { id: data.id, url: data.html_url }
}

/** For texts that belong to no session: `id` names the command that they answer. */
export function withMarker(id: string, body: string): string {
  return `${sessionMarker(id)}\n${body}`
}

/** What we wrote with this marker, which anybody can copy. */
export function oursMarked<
  T extends { readonly body?: string | null | undefined; readonly user?: { readonly login: string } | null },
>(place: DeliveryPlace, written: readonly T[], marker: string): Promise<readonly T[]> {
  return ours(
    place,
    written.filter(({ body }) => firstLineOf(body ?? '') === marker),
  )
}

export function firstLineOf(body: string): string {
  return body.split(/\r?\n/, 1)[0] ?? ''
}

async function findComment(
  place: DeliveryPlace,
  number: number,
  marker: string,
): Promise<(Said & { readonly body: string | undefined }) | undefined> {
  for (let page = 1; page <= LOOKED_THROUGH_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.issues.listComments({
      ...place.name,
      issue_number: number,
      per_page: PAGE,
      page,
    })
    const [made] = await oursMarked(place, data, marker)
    if (made) return { id: made.id, url: made.html_url, body: made.body }
    if (data.length < PAGE) return undefined
  }
  return undefined
}
