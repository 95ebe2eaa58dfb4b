/**
 * Keeps webhooks as they came, and has them worked off in the order of their repositories. Those that come while others are
 * being written are written together, each with its job, in one statement: a burst costs little more than one.
 */
import { storableJson } from '../database/json.ts'
import { jsonArray } from '../database/json-array.ts'
import { type Connections, lostConnection, queryOf, waitedInVain } from '../database/transact.ts'
import { Lanes } from '../ledger/batch.ts'
import type { Logger } from '../log.ts'
import type { Work } from '../work.ts'
import { laterIds } from './later-ids.ts'
import type { NewWebhook, StoreWebhook } from './webhooks.ts'

/** One statement takes so many, and of those with more characters than that only one. */
const WEBHOOKS_AT_ONCE = 100
const LARGE_CHARACTERS = 250_000
/** So many are written at a time, since a server makes several lasting at once; those of one repository in their order. */
const LANES = 2

export interface WebhookStore extends Connections {
  readonly enqueue: Work['enqueueWebhooks']
  readonly log: Logger
}

/** What a queue's own statement is put behind. */
const STORE = `
  WITH stored AS (
    INSERT INTO webhook (delivery_id, event, payload)
    SELECT * FROM unnest($2::text[], $3::text[], $4::json[])
    ON CONFLICT DO NOTHING
  )`

/** A redelivery repeats its id: it is stored once, and worked off again only if it never was. */
export function createStoreWebhook({ pool, kind, enqueue, log }: WebhookStore): StoreWebhook {
  const nextId = laterIds()
  const lanes = new Lanes<NewWebhook, void>(({ order }) => String(Number(order) % LANES), {
    async work(webhooks) {
      const jobs = webhooks.map(({ deliveryId, order }) => ({ id: nextId(), deliveryId, order }))
      const came = [
        webhooks.map(({ deliveryId }) => deliveryId),
        webhooks.map(({ event }) => event),
        jsonArray(webhooks.map(({ text }) => storableJson(text))),
      ]
      // To plan it, with the indexes of the queue, takes as long as to carry it out.
      await enqueue(jobs, (text, values) => {
        const statement = { name: 'store_webhooks', text: `${STORE} ${text}` }
        return pool.query(queryOf(statement, [...values, ...came], kind))
      })
      for (const { deliveryId, event } of webhooks) log.debug({ delivery: deliveryId, name: event }, 'webhook stored')
      return webhooks.map(() => undefined)
    },
    keysOf: ({ deliveryId, text }) => [deliveryId, ...(text.length > LARGE_CHARACTERS ? ['large'] : [])],
    concernsAll: (error) => lostConnection(error) || waitedInVain(error),
    requestsMax: WEBHOOKS_AT_ONCE,
  })
  return (webhook) => lanes.add(webhook)
}
