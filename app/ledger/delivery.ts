/** What became of a run's work, as the App delivered it, and what may be forgotten then. */

import { APPROVAL_DAYS } from '../../core/changes/approval.ts'
import type { ReasonCode } from '../../core/reason.ts'
import type { Conclusion } from '../../core/run/run.ts'
import { countsInTrial, deliveryPauseSeconds } from '../../core/run/run-life.ts'
import type { Delivered } from '../../delivery/delivered.ts'
import { Prisma, type PrismaClient, type Run } from '../../prisma/client/client.ts'
import { isPast, leaseUntil } from '../database/clock.ts'
import { transact } from '../database/transact.ts'
import { markUnshown } from './shown.ts'

/** How long one process may be at a delivery before another takes it to have died. */
const DELIVERING_SECONDS_MAX = 300
const DAY_SECONDS = 86_400

/**
 * Takes on the delivery of an ended run's work. Says which try it is, or nothing when it was made, another process is at
 * it, or the next try has to wait.
 */
export async function takeDelivery(prisma: PrismaClient, runId: string): Promise<number | undefined> {
  const [taken] = await prisma.$queryRaw<{ tries: number }[]>`
    UPDATE run SET delivering_until = ${leaseUntil(DELIVERING_SECONDS_MAX)}, delivery_tries = delivery_tries + 1
    WHERE id = ${runId} AND state = 'ended' AND delivered_at IS NULL
      AND (delivering_until IS NULL OR delivering_until <= clock_timestamp())
    RETURNING delivery_tries AS tries`
  return taken?.tries
}

/** After so many tries, lets whatever process it is try again once the pause is over. */
export async function putOffDelivery(prisma: PrismaClient, runId: string, tries: number): Promise<void> {
  await prisma.$executeRaw`
    UPDATE run SET delivering_until = ${leaseUntil(deliveryPauseSeconds(tries))}
    WHERE id = ${runId} AND delivered_at IS NULL`
}

/** Lets withheld work be delivered once more, as `deliverRun` does, and how the run is to stand if that goes well. */
export async function deliverAgain(
  prisma: PrismaClient,
  runId: string,
  again: {
    readonly conclusion: Conclusion
    readonly reason: ReasonCode | undefined
    readonly waived: readonly string[]
  },
): Promise<void> {
  const { conclusion, reason, waived } = again
  await prisma.run.updateMany({
    where: { id: runId, state: 'ended', conclusion: 'withheld', deliveredAt: { not: null } },
    data: {
      conclusion,
      reason: reason ?? null,
      waived: [...waived],
      // Whoever may set a guard aside has looked at the work.
      approval: 'given',
      approveUntil: null,
      deliveredAt: null,
      deliveredSha: null,
      deliveredNumber: null,
      deliveredUrl: null,
      deliveringUntil: null,
      deliveryTries: 0,
      decideAfter: null,
    },
  })
}

/** Notes the delivery of an ended run; what had been noted before stands. Its outcome can be decided from now on. */
export async function recordDelivery(
  prisma: PrismaClient,
  runId: string,
  delivered: Delivered,
  now: Date,
): Promise<Run> {
  const { conclusion, reason, sha, number, url } = delivered
  return transact(prisma, async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM run WHERE id = ${runId} FOR UPDATE`
    const run = await transaction.run.findUniqueOrThrow({ where: { id: runId, state: 'ended' } })
    if (run.deliveredAt !== null) return run
    // What was seen of the subject is not said of a pull request of its own.
    if (number !== undefined) await transaction.fact.deleteMany({ where: { runId } })
    await forgetSubjectWords(transaction, runId)
    await markUnshown(transaction, runId)
    if (reason === 'awaits-approval') await awaitApproval(transaction, runId)
    return transaction.run.update({
      where: { id: runId },
      data: {
        deliveredAt: now,
        deliveringUntil: null,
        ...(countsInTrial(run) ? { decideAfter: now } : {}),
        ...(conclusion === undefined ? {} : { conclusion }),
        ...(reason === undefined ? {} : { reason }),
        ...(sha === undefined ? {} : { deliveredSha: sha }),
        ...(number === undefined ? {} : { deliveredNumber: number }),
        ...(url === undefined ? {} : { deliveredUrl: url }),
      },
    })
  })
}

async function awaitApproval(transaction: Prisma.TransactionClient, runId: string): Promise<void> {
  await transaction.$executeRaw`
    UPDATE run SET approval = 'awaited', approve_until = ${leaseUntil(APPROVAL_DAYS * DAY_SECONDS)} WHERE id = ${runId}`
}

/** Ends the waiting of work that nobody has approved in time; it is due for delivery then, which puts it aside. */
export async function lapseApprovals(prisma: PrismaClient, runsMax: number): Promise<readonly string[]> {
  const reason = 'approval-lapsed' satisfies ReasonCode
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    UPDATE run SET approval = 'lapsed', approve_until = NULL, reason = ${reason}, delivered_at = NULL,
      delivered_url = NULL, delivering_until = NULL, delivery_tries = 0, decide_after = NULL
    WHERE id IN (
      SELECT id FROM run WHERE ${isPast('approve_until')} ORDER BY approve_until LIMIT ${runsMax} FOR UPDATE SKIP LOCKED
    ) RETURNING id`
  return rows.map(({ id }) => id)
}

/**
 * A run's plan without its subject's title and branch. Somebody wrote them, and they often hold a name or a login
 * (`alice/fix`), which must not stand beside what a run cost; only the job needs them, and its delivery.
 */
export const planWithoutWords = `(run.plan::jsonb #- '{subject,title}' #- '{subject,headRef}')::json`

async function forgetSubjectWords(transaction: Prisma.TransactionClient, runId: string): Promise<void> {
  await transaction.$executeRaw`UPDATE run SET plan = ${Prisma.raw(planWithoutWords)} WHERE id = ${runId}`
}
