/**
 * What no webhook told of becomes one: stored, queued behind whatever else its repository waits for, and worked off by the
 * same handlers. Its id says what was found, so that finding it again changes nothing.
 */
import type { StoreWebhook } from '../webhooks/webhooks.ts'
import type { KnownRepository } from './repository.ts'

interface Found {
  readonly id: string
  readonly event: 'issue_comment' | 'push'
  readonly payload: object
}

export async function storeFound(store: StoreWebhook, { row, data }: KnownRepository, found: Found): Promise<void> {
  const { id, event, payload } = found
  await store({
    deliveryId: `found-${row.id}-${id}`,
    event,
    repositoryId: row.id,
    text: JSON.stringify({ ...payload, repository: data, installation: { id: Number(row.installationId) } }),
  })
}
