import { mayRead, mayWrite } from './identity.ts'
import { type Answer, type Ask, notFound, page, Refused, type Route, route } from './router.ts'
import { shaOf } from './statuses.ts'
import { actorOf, announce, appJson, type Json, type Repository, repositoryOf, type World } from './world.ts'

/** Check runs live in `emulate`, which knows neither commits of the bare repository nor the App that made a run. */
export function checkRoutes(world: World, forward: (ask: Ask) => Promise<Answer>): Route[] {
  async function create(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'checks', 'admin')
    if (ask.who.kind !== 'app' && ask.who.kind !== 'job')
      throw new Refused(403, 'You must authenticate via a GitHub App.')
    const sha = String(ask.body.head_sha)
    if ((await repository.store.resolve(sha)) !== sha) throw new Refused(422, `No commit found for SHA: ${sha}`)
    const answer = await forward(ask)
    if (answer.status !== 201) return answer
    const id = Number((answer.json as Json).id)
    repository.checks.set(id, { sha, app: ask.who.app, suite: ask.who.suite ?? '' })
    const json = complete(repository, answer.json as Json)
    await told(ask, repository, json, 'created')
    if (json.status === 'completed') await told(ask, repository, json, 'completed')
    return { status: 201, json }
  }

  async function update(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'checks', 'admin')
    const made = repository.checks.get(Number(ask.params.id))
    if (!made) throw notFound()
    const own = (ask.who.kind === 'app' || ask.who.kind === 'job') && ask.who.app.id === made.app.id
    if (!own) throw new Refused(403, 'Invalid app_id: a check run belongs to the App that made it')
    const before = await world.emulate('GET', `/repos/${repository.fullName}/check-runs/${ask.params.id}`)
    const answer = await forward(ask)
    if (answer.status !== 200) return answer
    const json = complete(repository, answer.json as Json)
    if (before.status !== 'completed' && json.status === 'completed') await told(ask, repository, json, 'completed')
    return { status: 200, json }
  }

  async function told(ask: Ask, repository: Repository, run: Json, action: string): Promise<void> {
    const sender = await actorOf(world, ask.who)
    await announce(world, repository, 'check_run', sender, { action, check_run: run })
    if (action !== 'completed') return
    const { app } = run
    const suiteIn = suiteOf(repository)
    const suite = (await runsOf(repository, String(run.head_sha))).filter((one) => suiteIn(one) === suiteIn(run))
    if (suite.some((one) => one.status !== 'completed')) return
    const { head_sha, check_suite, pull_requests } = run
    const conclusion = suite.every((one) => good.includes(String(one.conclusion))) ? 'success' : 'failure'
    const { id } = check_suite as Json
    const payload = { id, head_sha, status: 'completed', conclusion, app, pull_requests }
    await announce(world, repository, 'check_suite', sender, { action, check_suite: payload })
  }

  /** Newest first, the latest of each name, App and suite. */
  async function runsOf(repository: Repository, sha: string, all = false): Promise<Json[]> {
    const ids = [...repository.checks].filter(([, made]) => made.sha === sha).map(([id]) => id)
    const path = `/repos/${repository.fullName}/check-runs`
    const runs = await Promise.all(ids.toReversed().map((id) => world.emulate('GET', `${path}/${id}`)))
    const whole = runs.map((run) => complete(repository, run))
    return all ? whole : firstOfEach(whole, suiteOf(repository))
  }

  async function read(ask: Ask): Promise<Answer> {
    const answer = await forward(ask)
    return answer.status === 200 ? { ...answer, json: complete(repositoryOf(world, ask), answer.json as Json) } : answer
  }

  /** The latest run of each name in each suite, newest first; all of them with `filter=all`. */
  async function list(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'checks')
    const sha = await shaOf(repository, ask.params.ref ?? '')
    const runs = await runsOf(repository, sha, ask.query.get('filter') === 'all')
    const wanted = ask.query.get('check_name')
    const appId = ask.query.get('app_id')
    const named = runs.filter((run) => (wanted ?? run.name) === run.name && (appId ?? idOf(run.app)) === idOf(run.app))
    return page(ask, world.url, named, (check_runs) => ({ total_count: named.length, check_runs }))
  }

  const base = '/repos/:owner/:repo'
  return [
    route('POST', `${base}/check-runs`, create),
    route('PATCH', `${base}/check-runs/:id`, update),
    route('GET', `${base}/check-runs/:id`, read),
    route('GET', `${base}/commits/:ref/check-runs`, list),
  ]
}

const good = ['success', 'neutral', 'skipped']

const idOf = (one: unknown): string => String((one as Json | null)?.id)

/** An App has one suite on a head, and GitHub Actions one for each workflow and event. */
const suiteOf =
  (repository: Repository) =>
  (run: Json): string =>
    `${idOf(run.app)}/${repository.checks.get(Number(run.id))?.suite ?? ''}`

function firstOfEach(runs: Json[], suiteIn: (run: Json) => string): Json[] {
  const seen = new Map<string, Json>()
  for (const run of runs) {
    const key = `${suiteIn(run)}/${run.name}`
    if (!seen.has(key)) seen.set(key, run)
  }
  return [...seen.values()]
}

function complete(repository: Repository, run: Json): Json {
  const made = repository.checks.get(Number(run.id))
  if (!made) return run
  const pulls = [...repository.pulls.values()].filter((pull) => pull.open && pull.headSha === made.sha)
  return {
    ...run,
    app: appJson(made.app),
    pull_requests: pulls.map((pull) => ({
      number: pull.number,
      head: { ref: pull.headRef, sha: pull.headSha },
      base: { ref: pull.baseRef, sha: pull.baseSha },
    })),
  }
}
