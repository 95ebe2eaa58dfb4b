import type { Identified } from './git-store.ts'
import { mayRead, mayWrite } from './identity.ts'
import { factsOf, pullJson } from './pulls.ts'
import { refsMoved } from './pushes.ts'
import { type Answer, type Ask, Refused, type Route, route } from './router.ts'
import { actorOf, announce, type Json, type PullFacts, type Repository, repositoryOf, type World } from './world.ts'

type Method = 'merge' | 'squash' | 'rebase'

/** `PUT /pulls/N/merge`: the merge is made by git in the bare repository, then `emulate` is told to close. */
export function mergeRoutes(world: World): Route[] {
  async function merge(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'contents', 'write')
    const facts = factsOf(repository, Number(ask.params.number))
    if (!facts.open) throw new Refused(405, 'Pull Request is not mergeable')
    const { sha, merge_method } = ask.body
    if (typeof sha === 'string' && sha !== facts.headSha)
      throw new Refused(409, 'Head branch was modified. Review and try the merge again.')
    const sender = await actorOf(world, ask.who)
    const method: Method = merge_method === 'squash' || merge_method === 'rebase' ? merge_method : 'merge'
    const merged = await land(world, repository, facts, method, ask, sender)
    return { status: 200, json: { sha: merged, merged: true, message: 'Pull Request successfully merged' } }
  }

  /** GraphQL's enablePullRequestAutoMerge, for want of a REST door. Nothing merges by itself. */
  async function autoMerge(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'contents', 'write')
    const facts = factsOf(repository, Number(ask.params.number))
    const sender = await actorOf(world, ask.who)
    const on = ask.body.on === true
    facts.autoMerge = on
      ? { enabled_by: sender, merge_method: 'merge', commit_title: null, commit_message: null }
      : null
    const action = on ? 'auto_merge_enabled' : 'auto_merge_disabled'
    const json = await pullJson(world, repository, facts.number)
    await announce(world, repository, 'pull_request', sender, { action, number: facts.number, pull_request: json })
    return { status: 200, json }
  }

  /** GraphQL's enqueuePullRequest: a pull request in the queue has auto-merge no longer on. Nothing leaves it by itself. */
  function enqueue(ask: Ask): Answer {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'contents', 'write')
    const facts = factsOf(repository, Number(ask.params.number))
    facts.queued = ask.body.on === true
    if (facts.queued) facts.autoMerge = null
    return { status: 200, json: {} }
  }

  /** The two questions of GraphQL's that are asked of it; what else is asked is refused as a field that it has not. */
  function graphql(ask: Ask): Answer {
    const query = String(ask.body.query).replace(/\s+/g, ' ').trim()
    if (query === '{ viewer { login } }') {
      if (ask.who.login === null) throw new Refused(401, 'Bad credentials')
      return { status: 200, json: { data: { viewer: { login: ask.who.login } } } }
    }
    const { owner, repo, number } = (ask.body.variables ?? {}) as Json
    if (!/\{ pullRequest\(number: \$number\) \{ isInMergeQueue \} \}/.test(query)) {
      const error = { message: 'Field is not there', extensions: { code: 'undefinedField' } }
      return { status: 200, json: { errors: [error] } }
    }
    const repository = repositoryOf(world, { ...ask, params: { owner: String(owner), repo: String(repo) } })
    mayRead(ask.who, 'pull_requests')
    const facts = factsOf(repository, Number(number))
    return { status: 200, json: { data: { repository: { pullRequest: { isInMergeQueue: facts.queued } } } } }
  }

  return [
    route('POST', '/graphql', graphql),
    route('PUT', '/_world/repos/:owner/:repo/pulls/:number/merge-queue', enqueue),
    route('PUT', '/repos/:owner/:repo/pulls/:number/merge', merge),
    route('PUT', '/_world/repos/:owner/:repo/pulls/:number/auto-merge', autoMerge),
  ]
}

async function land(
  world: World,
  repository: Repository,
  facts: PullFacts,
  method: Method,
  ask: Ask,
  sender: Json,
): Promise<string> {
  const ref = `refs/heads/${facts.baseRef}`
  const before = await repository.store.resolve(ref)
  if (before === null) throw new Refused(422, 'Base branch is gone')
  const title = String((await pullJson(world, repository, facts.number)).title)
  const made = await mergeCommit(
    repository,
    facts,
    method,
    before,
    identified(world, sender),
    messageOf(facts, method, title, ask.body),
  )
  if (made === null) throw new Refused(405, 'Pull Request has merge conflicts')
  if (!(await repository.store.moveRef(ref, made, before)))
    throw new Refused(409, 'Base branch was modified. Review and try the merge again.')
  facts.baseSha = before
  facts.open = false
  facts.merged = {
    sha: made,
    at: world.now().toISOString(),
    by: sender,
    commits: await repository.store.between(before, made),
  }
  await world.emulate('PATCH', `/repos/${repository.fullName}/pulls/${facts.number}`, { state: 'closed' })
  const json = await pullJson(world, repository, facts.number)
  await announce(world, repository, 'pull_request', sender, {
    action: 'closed',
    number: facts.number,
    pull_request: json,
  })
  await refsMoved(world, repository, [{ ref, before, after: made }], ask.who, sender)
  return made
}

async function mergeCommit(
  repository: Repository,
  facts: PullFacts,
  method: Method,
  base: string,
  who: Identified,
  message: string,
): Promise<string | null> {
  const { store } = repository
  if (method === 'rebase') {
    return store.pick(base, await store.between(base, facts.headSha), who)
  }
  const tree = await store.mergeTrees(base, facts.headSha)
  if (tree === null) return null
  const parents = method === 'merge' ? [base, facts.headSha] : [base]
  return store.writeCommit({ tree, parents, message, author: who, committer: who })
}

function messageOf(facts: PullFacts, method: Method, title: string, body: Json): string {
  const { commit_title, commit_message } = body
  const first =
    typeof commit_title === 'string'
      ? commit_title
      : method === 'merge'
        ? `Merge pull request #${facts.number} from ${facts.headRepository.owner}/${facts.headRef}`
        : `${title} (#${facts.number})`
  const rest = typeof commit_message === 'string' ? commit_message : method === 'merge' ? title : ''
  return rest === '' ? first : `${first}\n\n${rest}`
}

export function identified(world: World, user: Json): Identified {
  const login = String(user.login)
  return { name: login, email: `${user.id}+${login}@users.noreply.github.com`, date: world.now().toISOString() }
}
