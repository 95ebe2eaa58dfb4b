/** An issue as the delivery. */
import type { DeliveryPlace } from './github.ts'
import { unlessMissing } from './github.ts'
import { firstLineOf, oursMarked } from './say.ts'

/** The newest issues and pull requests, which GitHub lists together, that are looked through for one that an earlier try made. */
const LOOKED_THROUGH_MAX = 300
const PAGE = 100

export interface IssueOrder {
  readonly title: string
  /** Begins with its marker. */
  readonly body: string
  readonly labels: readonly string[]
}

/** `undefined` where the repository has its issues switched off. */
export async function openIssue(
  place: DeliveryPlace,
  { title, body, labels }: IssueOrder,
): Promise<{ readonly number: number; readonly url: string } | undefined> {
  // GitHub says "gone" to whoever asks for one there, and "not found" to some tokens.
  return unlessMissing(async () => {
    const made = await findIssue(place, firstLineOf(body))
    if (made) return made
    const { data } = await place.octokit.rest.issues.create({ ...place.name, title, body, labels: [...labels] })
    return { number: data.number, url: data.html_url }
  })
}

async function findIssue(
  place: DeliveryPlace,
  marker: string,
): Promise<{ readonly number: number; readonly url: string } | undefined> {
  for (let page = 1; page <= LOOKED_THROUGH_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.issues.listForRepo({
      ...place.name,
      state: 'all',
      sort: 'created',
      direction: 'desc',
      per_page: PAGE,
      page,
    })
    const [made] = await oursMarked(place, data, marker)
    if (made) return { number: made.number, url: made.html_url }
    if (data.length < PAGE) return undefined
  }
  return undefined
}
