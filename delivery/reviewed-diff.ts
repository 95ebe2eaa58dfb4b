/** What a pull request's diff shows of the commit that was reviewed. */
import { type Diff, hunksOf } from '../core/changes/review-places.ts'
import { type DeliveryPlace, isRefused } from './github.ts'

/** GitHub lists no more commits of a pull request than 250. */
const PULL_COMMITS_MAX = 300
const PAGE = 100

/**
 * By comparison, which gives the files of any commit, also where the head has moved on since: at most the first 300, and
 * of each the patch where it is not too large. `undefined` where the commit is no longer part of the pull request.
 */
export async function readReviewedDiff(
  place: DeliveryPlace,
  number: number,
  headSha: string,
): Promise<Diff | undefined> {
  const { repos, pulls } = place.octokit.rest
  const { data: pull } = await pulls.get({ ...place.name, pull_number: number })
  if (pull.head.sha !== headSha && !(await holdsCommit(place, number, headSha))) return undefined
  const basehead = `${pull.base.sha}...${headSha}`
  try {
    const { data } = await repos.compareCommitsWithBasehead({ ...place.name, basehead, per_page: 1 })
    return new Map((data.files ?? []).map(({ filename, patch = '' }) => [filename, hunksOf(patch)]))
  } catch (error) {
    if (isRefused(error)) return new Map()
    throw error
  }
}

async function holdsCommit(place: DeliveryPlace, number: number, sha: string): Promise<boolean> {
  const subject = { ...place.name, pull_number: number }
  for (let page = 1; page <= PULL_COMMITS_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.pulls.listCommits({ ...subject, per_page: PAGE, page })
    if (data.some((commit) => commit.sha === sha)) return true
    if (data.length < PAGE) return false
  }
  return false
}
