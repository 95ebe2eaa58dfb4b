import type { Emulator } from './emulator.ts'
import { type Answer, type Ask, Refused } from './router.ts'

/** What of `emulate` is leant on. All else is answered with 501, so that a gap is seen and not taken for a 404. */
const supported: [string, RegExp][] = [
  ['GET', /^\/(user|users\/[^/]+|rate_limit|meta)$/],
  ['GET', /^\/(orgs|users)\/[^/]+(\/installation|\/repos)?$/],
  ['GET', /^\/(app|app\/installations(\/\d+)?)$/],
  ['POST', /^\/app\/installations\/\d+\/access_tokens$/],
  ['GET', /^\/repositories\/\d+$/],
  ['GET', /^\/repos\/[^/]+\/[^/]+(\/installation)?$/],
  ['GET', /^\/repos\/[^/]+\/[^/]+\/issues(\/\d+)?(\/(comments|labels|events|timeline))?$/],
  ['GET', /^\/repos\/[^/]+\/[^/]+\/issues\/comments(\/\d+)?$/],
  ['POST', /^\/repos\/[^/]+\/[^/]+\/issues(\/\d+\/(comments|labels|assignees))?$/],
  ['PATCH', /^\/repos\/[^/]+\/[^/]+\/issues\/(\d+|comments\/\d+)$/],
  ['PUT', /^\/repos\/[^/]+\/[^/]+\/issues\/\d+\/labels$/],
  ['DELETE', /^\/repos\/[^/]+\/[^/]+\/issues\/(comments\/\d+|\d+\/labels(\/[^/]+)?)$/],
  ['GET', /^\/repos\/[^/]+\/[^/]+\/labels(\/[^/]+)?$/],
  ['POST', /^\/repos\/[^/]+\/[^/]+\/(labels|pulls|check-runs)$/],
  ['GET', /^\/repos\/[^/]+\/[^/]+\/pulls(\/\d+\/(reviews|comments)(\/\d+)?)?$/],
  ['POST', /^\/repos\/[^/]+\/[^/]+\/pulls\/\d+\/(reviews|comments|requested_reviewers)$/],
  ['PUT', /^\/repos\/[^/]+\/[^/]+\/pulls\/\d+\/reviews\/\d+\/dismissals$/],
  ['PATCH', /^\/repos\/[^/]+\/[^/]+\/(pulls|check-runs)\/\d+$/],
  ['GET', /^\/repos\/[^/]+\/[^/]+\/check-runs\/\d+(\/annotations)?$/],
  ['POST', /^\/repos\/[^/]+\/[^/]+\/forks$/],
]

/** Hands requests on to `emulate`. */
export function createProxy(emulator: Emulator): (ask: Ask) => Promise<Answer> {
  return async function forward(ask) {
    if (!supported.some(([method, path]) => method === ask.method && path.test(ask.path))) {
      throw new Refused(
        501,
        `${ask.method} ${ask.path}: neither emulate nor the overlay in test/world stands in for this`,
      )
    }
    const query = ask.query.size === 0 ? '' : `?${ask.query}`
    const { status, json, link } = await emulator.send(ask.method, `${ask.path}${query}`, ask.raw, ask.token)
    return { status, ...(json === undefined ? {} : { json }), ...(link === null ? {} : { headers: { link } }) }
  }
}
