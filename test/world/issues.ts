import type { Json, Repository, World } from './world.ts'

/**
 * An issue as GitHub shows it. A pull request is one too, but `emulate` answers 404 when it is asked for as an issue,
 * so that one is made from the pull request.
 */
export async function issueJson(world: World, repository: Repository, number: number): Promise<Json> {
  const facts = repository.pulls.get(number)
  if (!facts) return world.emulate('GET', `/repos/${repository.fullName}/issues/${number}`)
  const pull = await world.emulate('GET', `/repos/${repository.fullName}/pulls/${number}`)
  const { id, node_id, title, body, user, labels, assignee, assignees, milestone, locked, draft, comments } = pull
  const { created_at, updated_at, closed_at, author_association, html_url, diff_url, patch_url, url } = pull
  return {
    ...{ id, node_id, number, title, body, user, labels, assignee, assignees, milestone, locked, draft, comments },
    ...{ created_at, updated_at, closed_at, author_association, html_url },
    url: `${world.url}/repos/${repository.fullName}/issues/${number}`,
    comments_url: `${world.url}/repos/${repository.fullName}/issues/${number}/comments`,
    state: facts.open ? 'open' : 'closed',
    pull_request: { url, html_url, diff_url, patch_url, merged_at: facts.merged?.at ?? null },
  }
}
