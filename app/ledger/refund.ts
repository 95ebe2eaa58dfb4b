/** A late report: the job had vanished and its draw was posted; now the report proves what was spent. */
import { refundPostings } from '../../core/posting.ts'
import { changeBy } from '../../core/run-life.ts'
import type { Prisma, PrismaClient } from '../../prisma/client/client.ts'
import { sqlWithin, transact } from '../database/transact.ts'
import type { RunEnd } from './end-runs.ts'
import { post } from './post.ts'
import { standingOf } from './standing.ts'
import { correctSpend } from './trial.ts'

export interface LateReport {
  readonly runId: string
  readonly epoch: number
  readonly end: RunEnd
  readonly now: Date
}

/** Posts what comes back, once. False where another report was there first. */
export async function refundLate(prisma: PrismaClient, late: LateReport): Promise<boolean> {
  return transact(prisma, (transaction) => refund(transaction, late))
}

async function refund(transaction: Prisma.TransactionClient, { runId, epoch, end, now }: LateReport): Promise<boolean> {
  await transaction.$queryRaw`SELECT 1 FROM run WHERE id = ${runId} FOR NO KEY UPDATE`
  const run = await transaction.run.findUniqueOrThrow({ where: { id: runId, epoch } })
  if (changeBy('report', standingOf(run)).kind !== 'refunds' || end.report === null) return false
  const holds = await transaction.hold.findMany({
    where: { runId },
    include: { account: true },
    orderBy: { accountId: 'asc' },
  })
  const entries = holds.flatMap(({ accountId, account: { unit } }) => {
    const drawn = unit === 'usd' ? run.drawnMicroUsd : (run.drawnTokens ?? 0n)
    return refundPostings(drawn, unit === 'usd' ? end.spend.microUsd : end.spend.tokens).map((posting) => {
      return { accountId, runId, posting, key: `run:${runId}:${posting.kind}:${accountId}`, at: now }
    })
  })
  await post(sqlWithin(transaction), entries)
  const spentMicroUsd = end.spend.microUsd
  await correctSpend(transaction, run, spentMicroUsd)
  await transaction.run.update({
    where: { id: runId },
    data: {
      spentMicroUsd,
      inputTokens: end.inputTokens,
      cachedTokens: end.cachedTokens,
      outputTokens: end.outputTokens,
      report: JSON.parse(end.report),
    },
  })
  return true
}
