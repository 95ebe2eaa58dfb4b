/**
 * Webhooks that GitHub could not deliver, while the App was down or did not answer: GitHub keeps a log of them for three days
 * and sends each again that it is asked for, under the same id.
 */
import { isPast } from '../database/clock.ts'
import type { Parts } from '../parts.ts'
import { isListenedTo } from '../webhooks/webhooks.ts'

const PAGE = 100
/** Pages of the log that one look takes, from the newest on, and deliveries after which it takes no further page. */
const PAGES_MAX = 10
const AGAIN_AT_ONCE = 50
/** One that fails each time is given up after so many tries. */
const TRIES_MAX = 3
/** A delivery that was asked for gets this long before it is asked for again. */
const PATIENCE_SECONDS = 600
const KEPT_DAYS = 7
const DAY_SECONDS = 86_400

interface Attempt {
  readonly id: number
  readonly guid: string
  readonly event: string
  readonly action: string | null
  readonly status_code: number
}

/** Down the log, from its newest entry at the time to the last one that was read before. */
interface Walk {
  readonly newest: number | undefined
  /** Where the next page begins; at the top when left out. */
  readonly cursor?: string | undefined
}

/**
 * Each call reads on in the log. How far it was read is kept in memory alone: whoever starts anew reads all of it once, some
 * pages at a time, and what was stored or asked for already is known by its id.
 */
export function createRedelivery(parts: Parts): () => Promise<void> {
  let readTo = 0
  let walk: Walk = { newest: undefined }
  return async () => {
    let asked = 0
    for (let page = 0; page < PAGES_MAX && asked < AGAIN_AT_ONCE; page += 1) {
      const { attempts, next } = await readPage(parts, walk.cursor)
      const fresh = attempts.filter(({ id }) => id > readTo)
      asked += await askAgain(parts, fresh)
      const newest = walk.newest ?? attempts[0]?.id
      walk = { newest, cursor: next }
      if (next !== undefined && fresh.length === attempts.length) continue
      readTo = newest ?? readTo
      walk = { newest: undefined }
      break
    }
    if (asked > 0) parts.log.info({ deliveries: asked }, 'GitHub was asked to deliver again')
    await parts.prisma.$executeRaw`DELETE FROM redelivery WHERE ${isPast('at', KEPT_DAYS * DAY_SECONDS)}`
  }
}

async function readPage(parts: Parts, cursor: string | undefined) {
  const octokit = await parts.octokitOfApp()
  const from = cursor === undefined ? {} : { cursor }
  const { data, headers } = await octokit.rest.apps.listWebhookDeliveries({ per_page: PAGE, ...from })
  const attempts: readonly Attempt[] = data
  return { attempts, next: /[?&]cursor=([^&>]+)[^>]*>; rel="next"/.exec(headers.link ?? '')?.[1] }
}

/** Those that failed and were never stored, the longest ago first. */
async function askAgain(parts: Parts, attempts: readonly Attempt[]): Promise<number> {
  const failed = new Map<string, Attempt>()
  for (const attempt of attempts.toReversed()) {
    const { status_code: status, event, action } = attempt
    if ((status < 200 || status >= 300) && isListenedTo(event, action ?? undefined)) failed.set(attempt.guid, attempt)
  }
  if (failed.size === 0) return 0
  const stored = await parts.prisma.webhook.findMany({
    where: { deliveryId: { in: [...failed.keys()] } },
    select: { deliveryId: true },
  })
  for (const { deliveryId } of stored) failed.delete(deliveryId)
  const octokit = await parts.octokitOfApp()
  let asked = 0
  for (const { id, guid } of failed.values()) {
    if (!(await mayAskAgain(parts, guid))) continue
    await octokit.rest.apps.redeliverWebhookDelivery({ delivery_id: id })
    asked += 1
  }
  return asked
}

async function mayAskAgain(parts: Parts, deliveryId: string): Promise<boolean> {
  const asked = await parts.prisma.$queryRaw<unknown[]>`
    INSERT INTO redelivery AS asked (delivery_id) VALUES (${deliveryId})
    ON CONFLICT (delivery_id) DO UPDATE SET times = asked.times + 1, at = clock_timestamp()
      WHERE asked.times < ${TRIES_MAX} AND asked.at < clock_timestamp() - make_interval(secs => ${PATIENCE_SECONDS})
    RETURNING 1`
  return asked.length > 0
}
