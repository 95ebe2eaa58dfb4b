/**
 * Keeps webhooks as they came, and has them worked off in the order of their repositories. Those that come while others are
 * being written are written together, each with its job, in one statement: a burst costs little more than one.
 */
import { storableJson } from './database/json.ts'
import type { Database } from './database/open.ts'
import { lostConnection, waitedInVain } from './database/transact.ts'
import { laterIds } from './later-ids.ts'
import { Lanes } from './ledger/batch.ts'
import type { Logger } from './log.ts'
import type { NewWebhook, StoreWebhook } from './webhooks.ts'
import type { Work } from './work.ts'

/** One statement takes so many, and of those with more characters than that only one. */
const WEBHOOKS_AT_ONCE = 100
const LARGE_CHARACTERS = 250_000
/** So many are written at a time, since a server makes several lasting at once; those of one repository in their order. */
const LANES = 4

export interface WebhookStore {
  readonly pool: Database['pool']
  readonly enqueue: Work['enqueueWebhooks']
  readonly log: Logger
}

/** What a queue's own statement is put behind. */
const STORE = `
  WITH stored AS (
    INSERT INTO webhook (delivery_id, event, payload)
    SELECT delivery_id, event, payload
    FROM json_to_recordset($2::json) AS came(delivery_id text, event text, payload jsonb)
    ON CONFLICT DO NOTHING
  )`

/** A redelivery repeats its id: it is stored once, and worked off again only if it never was. */
export function createStoreWebhook({ pool, enqueue, log }: WebhookStore): StoreWebhook {
  const nextId = laterIds()
  const lanes = new Lanes<NewWebhook, void>(({ order }) => String(Number(order) % LANES), {
    async work(webhooks) {
      const jobs = webhooks.map(({ deliveryId, order }) => ({ id: nextId(), deliveryId, order }))
      const rows = `[${webhooks.map(rowOf).join()}]`
      await enqueue(jobs, (text, values) => pool.query(`${STORE} ${text}`, [...values, rows]))
      for (const { deliveryId, event } of webhooks) log.debug({ delivery: deliveryId, name: event }, 'webhook stored')
      return webhooks.map(() => undefined)
    },
    keysOf: ({ deliveryId, text }) => [deliveryId, ...(text.length > LARGE_CHARACTERS ? ['large'] : [])],
    concernsAll: (error) => lostConnection(error) || waitedInVain(error),
    requestsMax: WEBHOOKS_AT_ONCE,
  })
  return (webhook) => lanes.add(webhook)
}

/** The payload is JSON already: it is put in as it is. */
function rowOf({ deliveryId, event, text }: NewWebhook): string {
  return `{"delivery_id":${JSON.stringify(deliveryId)},"event":"${event}","payload":${storableJson(text)}}`
}
