import { mayRead, mayWrite } from './identity.ts'
import { issueJson } from './issues.ts'
import { factsOf, pullJson } from './pulls.ts'
import { lineComments } from './review-comments.ts'
import { type Answer, type Ask, page, Refused, type Route, route } from './router.ts'
import { actorOf, announce, appJson, type Json, type Repository, repositoryOf, stampOf, type World } from './world.ts'

type Forward = (ask: Ask) => Promise<Answer>

/** Issues, comments, labels and reviews: `emulate` keeps them, the overlay queues the webhooks they cause. */
export function talkRoutes(world: World, forward: Forward): Route[] {
  const base = '/repos/:owner/:repo'
  /** The App that wrote a comment, for `performed_via_github_app`. */
  const writers = new Map<string, Json>()

  /** Of reviews, by pull request: `emulate` knows positions in a diff alone, and no lines. */
  const commentsOnLines = new Map<string, Json[]>()

  const withApp = (comment: Json): Json => {
    const app = writers.get(String(comment.id))
    return app ? { ...comment, performed_via_github_app: app } : comment
  }

  async function tell(ask: Ask, event: string, payload: Json): Promise<void> {
    await announce(world, repositoryOf(world, ask), event, await actorOf(world, ask.who), payload)
  }

  async function comment(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const answer = await forward(ask)
    if (answer.status !== 201) return answer
    const made = answer.json as Json
    if (ask.who.kind === 'app' || ask.who.kind === 'job') writers.set(String(made.id), appJson(ask.who.app))
    const issue_url = `${world.url}/repos/${repository.fullName}/issues/${ask.params.number}`
    repository.comments.push({ ...withApp(made), issue_url })
    const issue = await issueJson(world, repository, Number(ask.params.number))
    await tell(ask, 'issue_comment', { action: 'created', comment: withApp(made), issue })
    return { ...answer, json: withApp(made) }
  }

  /** An edit or a deletion; `from` is what the comment said before. */
  async function changeComment(ask: Ask, action: 'edited' | 'deleted'): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const before = await world.emulate('GET', ask.path)
    const author = (before.user as Json).login
    if (author !== ask.who.login) mayWrite(ask.who, 'issues', 'write')
    const answer = await forward(ask)
    if (answer.status >= 300) return answer
    const issue = await issueJson(world, repository, Number(String(before.issue_url).split('/').pop()))
    const comment = withApp(action === 'edited' ? (answer.json as Json) : before)
    keepChange(repository, comment, action)
    const changes = action === 'edited' ? { changes: { body: { from: before.body } } } : {}
    await tell(ask, 'issue_comment', { action, comment, issue, ...changes })
    return action === 'edited' ? { ...answer, json: comment } : answer
  }

  function keepChange({ comments }: Repository, comment: Json, action: 'edited' | 'deleted'): void {
    const at = comments.findIndex(({ id }) => id === comment.id)
    const { issue_url } = comments[at] ?? {}
    if (at >= 0) comments.splice(at, 1, ...(action === 'edited' ? [{ ...comment, issue_url }] : []))
  }

  /** Of the whole repository, by when they were last changed. */
  function listComments(ask: Ask): Answer {
    mayRead(ask.who, 'issues')
    return page(ask, world.url, changedSince(ask, repositoryOf(world, ask).comments))
  }

  /** Issues and pull requests, by when they were last changed. */
  async function listChanged(ask: Ask): Promise<Answer> {
    if (ask.query.get('sort') !== 'updated') return forward(ask)
    mayRead(ask.who, 'issues')
    const repository = repositoryOf(world, ask)
    const touched = [...repository.touched].map(([number, updated_at]) => ({ number, updated_at }))
    const answer = page(ask, world.url, changedSince(ask, touched))
    const shown = answer.json as typeof touched
    const json = await Promise.all(
      shown.map(async ({ number, updated_at }) => ({ ...(await issueJson(world, repository, number)), updated_at })),
    )
    return { ...answer, json }
  }

  function events(ask: Ask): Answer {
    mayRead(ask.who, 'issues')
    return page(ask, world.url, repositoryOf(world, ask).events.get(Number(ask.params.number)) ?? [])
  }

  async function readComment(ask: Ask): Promise<Answer> {
    const answer = await forward(ask)
    if (Array.isArray(answer.json)) return { ...answer, json: answer.json.map(withApp) }
    return answer.status === 200 ? { ...answer, json: withApp(answer.json as Json) } : answer
  }

  async function openIssue(ask: Ask): Promise<Answer> {
    const answer = await forward(ask)
    if (answer.status !== 201) return answer
    await tell(ask, 'issues', { action: 'opened', issue: answer.json })
    const { number, labels } = answer.json as Json
    await noteEvents(
      ask,
      repositoryOf(world, ask),
      Number(number),
      (labels as Json[]).map((label) => ({ action: 'labeled', label })),
    )
    return answer
  }

  async function readIssue(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const number = Number(ask.params.number)
    if (!repository.pulls.has(number)) return forward(ask)
    mayRead(ask.who, 'issues')
    return { status: 200, json: await issueJson(world, repository, number) }
  }

  async function updateIssue(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    if (repository.pulls.has(Number(ask.params.number))) {
      throw new Refused(501, 'the stand-in changes a pull request by PATCH /pulls/N and its labels by /issues/N/labels')
    }
    const before = await issueJson(world, repository, Number(ask.params.number))
    if ((before.user as Json).login !== ask.who.login) mayWrite(ask.who, 'issues', 'triage')
    const answer = await forward(ask)
    if (answer.status !== 200) return answer
    const issue = answer.json as Json
    const turned = before.state !== issue.state
    if (turned) await tell(ask, 'issues', { action: issue.state === 'closed' ? 'closed' : 'reopened', issue })
    else if (before.title !== issue.title || before.body !== issue.body)
      await tell(ask, 'issues', { action: 'edited', issue })
    await tellLabels(ask, repository, Number(ask.params.number), before.labels as Json[], issue.labels as Json[])
    return answer
  }

  async function changeLabels(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'issues', 'triage')
    const number = Number(ask.params.number)
    const before = (await issueJson(world, repository, number)).labels as Json[]
    const answer = await forward(ask)
    if (answer.status >= 300) return answer
    const after = (await issueJson(world, repository, number)).labels as Json[]
    await tellLabels(ask, repository, number, before, after)
    return answer
  }

  function makeLabel(ask: Ask): Promise<Answer> {
    mayWrite(ask.who, 'issues', 'triage')
    return forward(ask)
  }

  async function tellLabels(
    ask: Ask,
    repository: Repository,
    number: number,
    before: Json[],
    after: Json[],
  ): Promise<void> {
    const missing = (from: Json[], others: Json[]): Json[] =>
      from.filter((one) => !others.some((other) => other.name === one.name))
    const changes = [
      ...missing(after, before).map((label) => ({ action: 'labeled', label })),
      ...missing(before, after).map((label) => ({ action: 'unlabeled', label })),
    ]
    await noteEvents(ask, repository, number, changes)
    for (const change of changes) {
      if (repository.pulls.has(number))
        await tell(ask, 'pull_request', { ...change, number, pull_request: await pullJson(world, repository, number) })
      else await tell(ask, 'issues', { ...change, issue: await issueJson(world, repository, number) })
    }
  }

  async function noteEvents(
    ask: Ask,
    { events }: Repository,
    number: number,
    changes: readonly { action: string; label: Json }[],
  ): Promise<void> {
    const actor = await actorOf(world, ask.who)
    const made = changes.map(({ action, label }) => ({
      ...{ id: world.nextId(), event: action, actor, created_at: stampOf(world) },
      label: { name: String(label.name) },
    }))
    events.set(number, [...(events.get(number) ?? []), ...made])
  }

  async function dismiss(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'pull_requests', 'write')
    const answer = await forward(ask)
    if (answer.status !== 200) return answer
    const pull_request = await pullJson(world, repository, Number(ask.params.number))
    await tell(ask, 'pull_request_review', { action: 'dismissed', review: answer.json, pull_request })
    return answer
  }

  async function review(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const number = Number(ask.params.number)
    // `emulate` would note the commit that it believes to be the head.
    const commit_id = ask.body.commit_id ?? factsOf(repository, number).headSha
    const { comments, ...rest } = ask.body
    const onLines = await lineComments(repository, number, String(commit_id), comments)
    const body = { ...rest, commit_id }
    const answer = await forward({ ...ask, body, raw: Buffer.from(JSON.stringify(body)) })
    if (answer.status >= 300) return answer
    const json: Json = { ...(answer.json as Json), commit_id }
    const made = onLines.map((one) => ({ ...one, commit_id, pull_request_review_id: json.id, user: json.user }))
    const key = `${repository.fullName}#${number}`
    commentsOnLines.set(key, [...(commentsOnLines.get(key) ?? []), ...made])
    if (ask.body.event === undefined) return { ...answer, json }
    const pull_request = await pullJson(world, repository, number)
    await tell(ask, 'pull_request_review', { action: 'submitted', review: json, pull_request })
    return { ...answer, json }
  }

  function readCommentsOnLines(ask: Ask): Answer {
    mayRead(ask.who, 'pull_requests')
    const made = commentsOnLines.get(`${repositoryOf(world, ask).fullName}#${ask.params.number}`) ?? []
    return page(ask, world.url, made)
  }

  const labels = `${base}/issues/:number/labels`
  return [
    route('POST', `${base}/issues/:number/comments`, comment),
    route('GET', `${base}/issues/:number/comments`, readComment),
    route('GET', `${base}/issues/comments`, listComments),
    route('GET', `${base}/issues/comments/:id`, readComment),
    route('PATCH', `${base}/issues/comments/:id`, (ask) => changeComment(ask, 'edited')),
    route('DELETE', `${base}/issues/comments/:id`, (ask) => changeComment(ask, 'deleted')),
    route('GET', `${base}/issues`, listChanged),
    route('GET', `${base}/issues/:number/events`, events),
    route('POST', `${base}/issues`, openIssue),
    route('GET', `${base}/issues/:number`, readIssue),
    route('PATCH', `${base}/issues/:number`, updateIssue),
    route('POST', labels, changeLabels),
    route('PUT', labels, changeLabels),
    route('DELETE', labels, changeLabels),
    route('DELETE', `${labels}/:name`, changeLabels),
    route('POST', `${base}/labels`, makeLabel),
    route('POST', `${base}/pulls/:number/reviews`, review),
    route('PUT', `${base}/pulls/:number/reviews/:id/dismissals`, dismiss),
    route('GET', `${base}/pulls/:number/comments`, readCommentsOnLines),
  ]
}

/** What was changed at `since` or later, the longest ago first. */
function changedSince<Item extends { updated_at?: unknown }>(ask: Ask, items: readonly Item[]): Item[] {
  const at = ({ updated_at }: Item): number => Date.parse(String(updated_at))
  const since = Date.parse(ask.query.get('since') ?? '') || 0
  return items.filter((item) => at(item) >= since).sort((one, other) => at(one) - at(other))
}
