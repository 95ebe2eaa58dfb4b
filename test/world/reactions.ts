import { mayWrite } from './identity.ts'
import { issueJson } from './issues.ts'
import { type Answer, type Ask, page, Refused, type Route, route, stringField } from './router.ts'
import { actorOf, type Json, repositoryOf, type World } from './world.ts'

const contents = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']

/** Reactions to issues, pull requests and their comments, which `emulate` lacks. */
export function reactionRoutes(world: World): Route[] {
  const bySubject = new Map<string, Json[]>()
  const subjectOf = (ask: Ask): string => ask.path.replace(/\/reactions(\/\d+)?\/?$/, '')

  async function add(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'issues', 'none')
    const subject = subjectOf(ask)
    // Throws the 404 when there is nothing to react to.
    await (ask.params.number ? issueJson(world, repository, Number(ask.params.number)) : world.emulate('GET', subject))
    const content = stringField(ask.body, 'content')
    if (!contents.includes(content)) throw new Refused(422, 'Validation Failed: content is not a reaction')
    const user = await actorOf(world, ask.who)
    const there = bySubject.get(subject) ?? []
    const same = there.find((one) => one.content === content && (one.user as Json).login === user.login)
    if (same) return { status: 200, json: same }
    const made = { id: world.nextId(), content, user, created_at: world.now().toISOString() }
    bySubject.set(subject, [...there, made])
    return { status: 201, json: made }
  }

  const list = (ask: Ask): Answer => page(ask, world.url, bySubject.get(subjectOf(ask)) ?? [])

  function remove(ask: Ask): Answer {
    mayWrite(ask.who, 'issues', 'none')
    const subject = subjectOf(ask)
    const left = (bySubject.get(subject) ?? []).filter((one) => String(one.id) !== ask.params.id)
    bySubject.set(subject, left)
    return { status: 204 }
  }

  const issues = '/repos/:owner/:repo/issues'
  return [`${issues}/:number/reactions`, `${issues}/comments/:comment/reactions`].flatMap((path) => [
    route('POST', path, add),
    route('GET', path, list),
    route('DELETE', `${path}/:id`, remove),
  ])
}
