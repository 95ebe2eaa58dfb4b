/** A pull request from a branch of Purser's own. */
import type { Octokit, RepositoryName } from './github.ts'

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

/** One pull request a branch: one that is already there, open or not, is adopted. */
export async function openPullRequest(
  octokit: Octokit,
  repository: RepositoryName,
  order: PullRequestOrder,
): Promise<OpenedPullRequest> {
  const head = `${repository.owner}:${order.branch}`
  const { data: found } = await octokit.rest.pulls.list({ ...repository, head, state: 'all', per_page: 10 })
  const same = found.find((pull) => pull.head.ref === order.branch)
  if (same) return { number: same.number, url: same.html_url }
  const { branch, base, title, body } = order
  const { data } = await octokit.rest.pulls.create({ ...repository, head: branch, base, title, body })
  return { number: data.number, url: data.html_url }
}
