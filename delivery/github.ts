/** As much of GitHub's API as a delivery needs: Probot's client in the App and `@octokit/rest` in a job both have it. */
import type { Octokit as RestOctokit } from '@octokit/rest'

export interface Octokit {
  readonly rest: Pick<RestOctokit['rest'], 'git' | 'issues' | 'pulls' | 'repos'>
  /** For what REST does not tell. */
  readonly graphql: RestOctokit['graphql']
}

/** A repository as GitHub's addresses name it. */
export interface RepositoryName {
  readonly owner: string
  readonly repo: string
}

/** The repository that something is delivered to. */
export interface DeliveryPlace {
  readonly octokit: Octokit
  readonly name: RepositoryName
  readonly defaultBranch: string
  /** The login that GitHub shows what is delivered under. */
  readonly self: () => Promise<string>
}

/** The status of GitHub's answer when `error` is one. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined
}

/** A "no" of GitHub's. No answer, a fault of its own, or a call for patience is none: that is tried again. */
export function isRefused(error: unknown): boolean {
  const status = statusOf(error)
  if (status === undefined || status >= 500 || status === 429) return false
  return !(status === 403 && /rate limit/i.test(String(error)))
}

/** GitHub said that there is no such thing, that there is none any more (410), or that whoever asks may not see it. */
export function isMissing(error: unknown): boolean {
  const status = statusOf(error)
  return status === 404 || status === 410
}

/** What `act` answers, or `undefined` where what it asks for is missing, which is no fault. */
export async function unlessMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
