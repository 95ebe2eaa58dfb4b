/** Webhooks that were stored and then lost their job: the process died in between, or at the last try. */
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'
import type { Work } from '../work.ts'

const STRANDED_SECONDS = 15 * 60
const STRANDED_AT_ONCE = 100
/** Tries in all, before a webhook is given up for good. */
const ATTEMPTS_MAX = 12

/** A webhook that still has a job is only looked at twice: what is handled is handled once. */
export async function requeueStranded(prisma: PrismaClient, work: Work): Promise<void> {
  await work.reviveDead()
  const stranded = await prisma.$queryRaw<{ deliveryId: string; order: string | null; attempts: number }[]>`
    SELECT delivery_id AS "deliveryId", payload -> 'repository' ->> 'id' AS "order", attempts FROM webhook
    WHERE handled_at IS NULL AND ${isPast('received_at', STRANDED_SECONDS)} ORDER BY received_at LIMIT ${STRANDED_AT_ONCE}`
  for (const { deliveryId, order, attempts } of stranded) {
    if (attempts < ATTEMPTS_MAX) await work.enqueueWebhook(deliveryId, order ?? 'none')
    else await giveUp(prisma, deliveryId)
  }
}

async function giveUp(prisma: PrismaClient, deliveryId: string): Promise<void> {
  const data = { handledAt: new Date(), payload: Prisma.DbNull }
  await prisma.webhook.update({ where: { deliveryId }, data })
}
