import { mayRead, mayWrite } from './identity.ts'
import { type Answer, type Ask, notFound, page, Refused, type Route, route, stringField } from './router.ts'
import { actorOf, announce, type Repository, repositoryOf, type Status, type World } from './world.ts'

const states = ['error', 'failure', 'pending', 'success']

/** Commit statuses, which `emulate` lacks. */
export function statusRoutes(world: World): Route[] {
  async function create(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'statuses', 'write')
    const sha = await shaOf(repository, ask.params.sha ?? '')
    const state = stringField(ask.body, 'state')
    if (!states.includes(state)) throw new Refused(422, 'Validation Failed: state is not included in the list')
    const { context, description, target_url } = ask.body
    const status: Status = {
      id: world.nextId(),
      sha,
      state,
      context: typeof context === 'string' ? context : 'default',
      description: typeof description === 'string' ? description : null,
      target_url: typeof target_url === 'string' ? target_url : null,
      created_at: world.now().toISOString(),
      creator: await actorOf(world, ask.who),
    }
    repository.statuses.unshift(status)
    const commit = { sha }
    await announce(world, repository, 'status', status.creator, {
      ...status,
      name: repository.fullName,
      commit,
      branches: [],
    })
    return { status: 201, json: status }
  }

  async function list(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'statuses')
    const sha = await shaOf(repository, ask.params.ref ?? '')
    return page(
      ask,
      world.url,
      repository.statuses.filter((one) => one.sha === sha),
    )
  }

  /** The newest status of each context, and what they come to together. */
  async function combined(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'statuses')
    const sha = await shaOf(repository, ask.params.ref ?? '')
    const newest = new Map<string, Status>()
    for (const one of repository.statuses) {
      if (one.sha === sha && !newest.has(one.context)) newest.set(one.context, one)
    }
    const statuses = [...newest.values()]
    const bad = statuses.some((one) => one.state === 'error' || one.state === 'failure')
    const done = statuses.length > 0 && statuses.every((one) => one.state === 'success')
    return {
      status: 200,
      json: { sha, state: bad ? 'failure' : done ? 'success' : 'pending', statuses, total_count: statuses.length },
    }
  }

  const base = '/repos/:owner/:repo'
  return [
    route('POST', `${base}/statuses/:sha`, create),
    route('GET', `${base}/commits/:ref/statuses`, list),
    route('GET', `${base}/commits/:ref/status`, combined),
  ]
}

export async function shaOf(repository: Repository, ref: string): Promise<string> {
  const sha = (await repository.store.resolve(`refs/heads/${ref}`)) ?? (await repository.store.resolve(ref))
  if (sha === null) throw notFound()
  return sha
}
