/** What a session is about, read from GitHub at the moment it starts: its head is pinned here. */
import type { Subject } from '../../core/plan/plan.ts'
import type { Place } from './place.ts'
import { fullNameOf } from './place.ts'

export interface FoundSubject {
  readonly subject: Subject
  /** One word for the subject within its repository: `pull-request:12`. */
  readonly key: string
  readonly open: boolean
  /** Whether its head lies in another repository. */
  readonly fork: boolean
}

/** Files of a pull request that are looked at, the first by name, to find the squad that owns most of them. */
const PULL_FILES_MAX = 300
const PAGE = 100
const TITLE_CHARACTERS_MAX = 500

export function pullRequestKey(number: number): string {
  return `pull-request:${number}`
}

export async function readPullRequest(place: Place, number: number): Promise<FoundSubject> {
  const { data: pull } = await place.octokit.rest.pulls.get({ ...place.name, pull_number: number })
  const basehead = `${pull.base.sha}...${pull.head.sha}`
  const { data: compared } = await place.octokit.rest.repos.compareCommitsWithBasehead({
    ...place.name,
    basehead,
    per_page: 1,
  })
  return {
    subject: {
      kind: 'pull-request',
      repository: fullNameOf(place),
      number,
      title: pull.title.slice(0, TITLE_CHARACTERS_MAX),
      headSha: pull.head.sha,
      headRef: pull.head.ref,
      baseSha: compared.merge_base_commit.sha,
    },
    key: pullRequestKey(number),
    open: pull.state === 'open',
    fork: pull.head.repo?.id !== Number(place.repositoryId),
  }
}

/** Work on an issue starts at the default branch's head. */
export async function readIssue(
  place: Place,
  issue: { number: number; title: string; open: boolean },
): Promise<FoundSubject> {
  const { data: head } = await place.octokit.rest.git.getRef({ ...place.name, ref: `heads/${place.defaultBranch}` })
  return {
    subject: {
      kind: 'issue',
      repository: fullNameOf(place),
      number: issue.number,
      title: issue.title.slice(0, TITLE_CHARACTERS_MAX),
      headSha: head.object.sha,
    },
    key: `issue:${issue.number}`,
    open: issue.open,
    fork: false,
  }
}

/** As GitHub has it now. */
export async function readIssueNow(place: Place, number: number): Promise<FoundSubject> {
  const { data } = await place.octokit.rest.issues.get({ ...place.name, issue_number: number })
  return readIssue(place, { number, title: data.title, open: data.state === 'open' })
}

/** The paths that the subject changes; only a pull request has any. */
export async function changedPaths(place: Place, subject: Subject): Promise<readonly string[]> {
  if (subject.kind !== 'pull-request' || subject.number === undefined) return []
  const paths: string[] = []
  for (let page = 1; page <= PULL_FILES_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.pulls.listFiles({
      ...place.name,
      pull_number: subject.number,
      per_page: PAGE,
      page,
    })
    paths.push(...data.map((file) => file.filename))
    if (data.length < PAGE) break
  }
  return paths
}
