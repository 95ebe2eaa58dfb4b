/** The report: settled first, since money comes before everything; then delivered, then shown. It may be repeated. */

import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { FinishAnswer } from '../../core/run/protocol.ts'
import type { Report } from '../../core/run/report.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { OpenedRun } from '../ledger/claim.ts'
import { settle } from '../ledger/settle.ts'
import { updateOutcomeAndShow } from '../outcome/outcome.ts'
import type { Parts } from '../parts.ts'
import { deliverRun } from '../run/deliver.ts'
import { reasonOf } from '../show/ended-run.ts'

export async function finish(parts: Parts, run: OpenedRun, report: Report): Promise<FinishAnswer | Refusal> {
  const settled = await settle(parts.ledger, { runId: run.id, epoch: run.epoch, report, now: parts.now() })
  if (isRefusal(settled)) return settled
  if (settled.overage) {
    parts.log.error({ run: run.id }, 'a provider billed more than a bound allows; the accounts that paid are frozen')
  }
  if (settled.late)
    parts.log.warn({ run: run.id, calls: report.calls.length }, 'a run that was given up has reported late')
  const ended = await deliverOnce(parts, run.id)
  await updateOutcomeAndShow(parts, run.id)
  const reason = reasonOf(ended)
  const { remaining } = settled
  return {
    spentMicroUsd: settled.spentMicroUsd,
    remainingMicroUsd: remaining?.left ?? 0n,
    ...(remaining && { paidBy: { kind: remaining.account.kind, name: remaining.account.name } }),
    delivery: ended.deliveredUrl ?? '',
    conclusion: ended.conclusion ?? report.conclusion,
    ...(reason === undefined ? {} : { reason }),
  }
}

/** A runner that repeats its report while the first is worked on waits for that one. */
const underWay = new Map<string, Promise<Run>>()

export function deliverOnce(parts: Parts, runId: string): Promise<Run> {
  const before = underWay.get(runId)
  if (before) return before
  const mine = deliverRun(parts, runId).finally(() => underWay.delete(runId))
  underWay.set(runId, mine)
  return mine
}
