/** A pull request from a branch of Purser's own. */
import { ours } from './author.ts'
import type { DeliveryPlace } from './github.ts'

/** The newest pull requests from a branch that are looked at. */
const LOOKED_AT_MAX = 100

export interface PullRequestOrder {
  readonly branch: string
  readonly base: string
  readonly title: string
  readonly body: string
}

export interface OpenedPullRequest {
  readonly number: number
  readonly url: string
}

/** One pull request a branch: ours that is already there, open or not, is adopted. */
export async function openPullRequest(place: DeliveryPlace, order: PullRequestOrder): Promise<OpenedPullRequest> {
  const [same] = (await pullsFrom(place, order.branch)).own
  if (same) return { number: same.number, url: same.html_url }
  const { branch, base, title, body } = order
  const { data } = await place.octokit.rest.pulls.create({ ...place.name, head: branch, base, title, body })
  return { number: data.number, url: data.html_url }
}

/**
 * Ours from this branch, open or not, the newest first; and whether somebody else has one open from it. A branch of the same
 * name in a fork is another.
 */
export async function pullsFrom({ octokit, name, self }: DeliveryPlace, branch: string) {
  const head = `${name.owner}:${branch}`
  const { data } = await octokit.rest.pulls.list({ ...name, head, state: 'all', per_page: LOOKED_AT_MAX })
  const here = data.filter((pull) => pull.head.ref === branch && pull.head.repo?.id === pull.base.repo.id)
  const own = await ours({ self }, here)
  return { own, isTaken: here.some((pull) => pull.state === 'open' && !own.includes(pull)) }
}
