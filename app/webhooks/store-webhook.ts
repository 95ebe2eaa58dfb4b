/**
 * Keeps webhooks as they came, and has them worked off. Those that come while others are being written are written together,
 * in one statement: a burst costs little more than one.
 */

import { Lanes } from '../database/batch.ts'
import { storableJson } from '../database/json.ts'
import { isAway } from '../database/problems.ts'
import { TextArrays } from '../database/text-array.ts'
import { type Connections, oneSql } from '../database/transact.ts'
import type { Logger } from '../log.ts'
import type { NewWebhook, StoreWebhook } from './webhooks.ts'

/** One statement takes so many, and of those with more characters than that only one. */
const WEBHOOKS_AT_ONCE = 100
const LARGE_CHARACTERS = 250_000
/**
 * So many are written at a time, since a server makes several lasting at once; those of one repository in their order. Why three:
 * docs/decisions/webhook-line.md.
 */
const LANES = 3n

export interface WebhookStore extends Connections {
  /** Told of each repository that something is kept of. What it misses is found by the sweep. */
  readonly onStored: (repositoryId: bigint) => void
  readonly log: Logger
}

/** They are numbered in this order. A redelivery repeats its id: it is kept once. */
const STORE = {
  name: 'store_webhooks',
  text: `
    INSERT INTO webhook (delivery_id, repository_id, event, payload)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
    ON CONFLICT DO NOTHING`,
}

export function createStoreWebhook({ pool, kind, onStored, log }: WebhookStore): StoreWebhook {
  const arrays = new TextArrays()
  const lanes = new Lanes<NewWebhook, void>(({ repositoryId }) => String(repositoryId % LANES), {
    async work(webhooks) {
      const keys = [
        webhooks.map(({ deliveryId }) => deliveryId),
        webhooks.map(({ repositoryId }) => String(repositoryId)),
        webhooks.map(({ event }) => event),
      ]
      const texts = webhooks.map(({ text }) => storableJson(text))
      await arrays.lend(texts, (array) => oneSql({ pool, kind }, STORE, [...keys, array]))
      for (const { deliveryId, event } of webhooks) log.debug({ delivery: deliveryId, name: event }, 'webhook stored')
      return webhooks.map(() => undefined)
    },
    keysOf: ({ deliveryId, text }) => [deliveryId, ...(text.length > LARGE_CHARACTERS ? ['large'] : [])],
    concernsAll: isAway,
    requestsMax: WEBHOOKS_AT_ONCE,
  })
  return async (webhook) => {
    await lanes.add(webhook)
    onStored(webhook.repositoryId)
  }
}
