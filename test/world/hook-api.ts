import { type Answer, type Ask, notFound, Refused, type Route, route } from './router.ts'
import type { Attempt } from './webhooks.ts'
import type { World } from './world.ts'

/** GitHub keeps its log of deliveries for three days. */
const keptMs = 3 * 86_400_000

/** The log of the App's webhook, which only the App itself may read, and deliveries on demand. */
export function hookRoutes(world: World): Route[] {
  const kept = (): Attempt[] => world.hooks.attempts().filter(({ at }) => world.now().getTime() - at.getTime() < keptMs)

  function asApp(ask: Ask): void {
    if (ask.who.kind !== 'jwt' || ask.who.appId !== world.app.id)
      throw new Refused(401, 'A JSON web token could not be decoded')
  }

  /** Newest first, by cursor. */
  function list(ask: Ask): Answer {
    asApp(ask)
    const size = Math.min(100, Number(ask.query.get('per_page') ?? 30) || 30)
    const below = Number(ask.query.get('cursor') ?? Number.POSITIVE_INFINITY)
    const left = kept()
      .toReversed()
      .filter(({ id }) => id < below)
    const shown = left.slice(0, size)
    const cursor = shown.at(-1)?.id
    const link = `<${world.url}${ask.path}?per_page=${size}&cursor=${cursor}>; rel="next"`
    return { status: 200, json: shown.map(json), headers: left.length > size ? { link } : {} }
  }

  function again(ask: Ask): Answer {
    asApp(ask)
    const attempt = kept().find(({ id }) => id === Number(ask.params.id))
    if (!attempt) throw notFound()
    world.hooks.again(attempt.delivery)
    return { status: 202, json: {} }
  }

  function json({ id, delivery, at, redelivery, status }: Attempt): Record<string, unknown> {
    const { repository, installation } = delivery.payload as Record<string, { id?: number } | undefined>
    return {
      id,
      guid: delivery.id,
      delivered_at: at.toISOString(),
      redelivery,
      duration: 0.1,
      status: status === 0 ? 'failed to connect to host' : status < 300 ? 'OK' : 'Invalid HTTP Response',
      status_code: status,
      event: delivery.event,
      action: delivery.action,
      installation_id: installation?.id ?? null,
      repository_id: repository?.id ?? null,
    }
  }

  return [route('GET', '/app/hook/deliveries', list), route('POST', '/app/hook/deliveries/:id/attempts', again)]
}
