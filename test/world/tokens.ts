import type { SeededApp } from './emulator.ts'
import { type Answer, type Ask, Refused, type Route, route } from './router.ts'
import type { Json, World } from './world.ts'

/** Installation tokens: `emulate` gives them out, the overlay notes them, since it answers 401 to any other. */
export function tokenRoutes(world: World, forward: (ask: Ask) => Promise<Answer>, apps: SeededApp[]): Route[] {
  async function create(ask: Ask): Promise<Answer> {
    const app = apps.find((one) => String(one.installationId) === ask.params.id)
    if (ask.who.kind !== 'jwt' || ask.who.appId !== app?.id)
      throw new Refused(401, 'A JSON web token could not be decoded')
    const answer = await forward(ask)
    if (answer.status !== 201) return answer
    const { token, permissions } = answer.json as { token: string; permissions: Record<string, string> }
    const kind = app.id === world.app.id ? 'app' : 'job'
    world.identities.add(token, { kind, login: `${app.slug}[bot]`, app, permissions })
    return answer
  }

  function revoke(ask: Ask): Answer {
    if (ask.token !== null) world.identities.revoke(ask.token)
    return { status: 204 }
  }

  /** What the installation can reach; `emulate` lacks it. */
  async function repositories(ask: Ask): Promise<Answer> {
    if (ask.who.kind !== 'app' && ask.who.kind !== 'job')
      throw new Refused(403, 'You must authenticate with an installation access token')
    const own = [...world.repositories.values()].filter((one) => one.owner === world.owner)
    const json: Json[] = await Promise.all(own.map((one) => world.emulate('GET', `/repos/${one.fullName}`)))
    return { status: 200, json: { total_count: json.length, repository_selection: 'all', repositories: json } }
  }

  return [
    route('POST', '/app/installations/:id/access_tokens', create),
    route('DELETE', '/installation/token', revoke),
    route('GET', '/installation/repositories', repositories),
  ]
}
