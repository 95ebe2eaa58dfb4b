/** Whether a pull request waits in its base's merge queue. Only GraphQL says so; to REST it has not even auto-merge on. */
import type { Octokit, RepositoryName } from './github.ts'

const QUERY = `query ($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) { isInMergeQueue } }
}`

interface Answer {
  readonly repository: { readonly pullRequest: { readonly isInMergeQueue: boolean } | null } | null
}

/** Throws where GitHub does not answer, as it is no answer that nothing was said. */
export async function isInMergeQueue(octokit: Octokit, repository: RepositoryName, number: number): Promise<boolean> {
  try {
    const answer = await octokit.graphql<Answer>(QUERY, { ...repository, number })
    return answer.repository?.pullRequest?.isInMergeQueue ?? false
  } catch (error) {
    if (isUnknownField(error)) return false
    throw error
  }
}

/** Of a GitHub Enterprise Server from before there were merge queues. */
function isUnknownField(error: unknown): boolean {
  const errors = error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : []
  return errors.some((one) => one?.extensions?.code === 'undefinedField')
}
