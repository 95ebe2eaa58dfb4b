/** What became of a run's work, as the App delivered it, and what may be forgotten then. */
import type { ReasonCode } from '../../core/reason.ts'
import type { Conclusion } from '../../core/run.ts'
import type { Prisma, PrismaClient, Run } from '../../prisma/client/client.ts'
import { transact } from '../database/transact.ts'

/** The conclusion and reason replace the report's where given. */
export interface Delivered {
  readonly conclusion?: Conclusion | undefined
  readonly reason?: ReasonCode | undefined
  readonly sha?: string | undefined
  /** Of the pull request that it was handed over as. */
  readonly number?: number | undefined
  readonly url?: string | undefined
}

/** Notes the delivery of an ended run. */
export async function recordDelivery(prisma: PrismaClient, runId: string, delivered: Delivered): Promise<Run> {
  const { conclusion, reason, sha, number, url } = delivered
  return transact(prisma, async (transaction) => {
    // What was seen of the subject is not said of a pull request of its own.
    if (number !== undefined) await transaction.fact.deleteMany({ where: { runId } })
    await forgetSubjectWords(transaction, runId)
    return transaction.run.update({
      where: { id: runId, state: 'ended' },
      data: {
        ...(conclusion === undefined ? {} : { conclusion }),
        ...(reason === undefined ? {} : { reason }),
        ...(sha === undefined ? {} : { deliveredSha: sha }),
        ...(number === undefined ? {} : { deliveredNumber: number }),
        ...(url === undefined ? {} : { deliveredUrl: url }),
      },
    })
  })
}

/**
 * Takes the subject's title and branch out of a run's plan. Somebody wrote them, and they often hold a name or a login
 * (`alice/fix`), which must not stand beside what a run cost; only the job needs them, and its delivery.
 */
export async function forgetSubjectWords(transaction: Prisma.TransactionClient, runId: string): Promise<void> {
  await transaction.$executeRaw`
    UPDATE run SET plan = plan #- '{subject,title}' #- '{subject,headRef}' WHERE id = ${runId}`
}
