/**
 * From a settled report to the repository, in the App. Whatever the runner said of its work is looked at again; what may
 * not be delivered is kept. Repeating it adopts what an earlier try already made.
 */

import type { Approval } from '../../core/changes/approval.ts'
import { waiving } from '../../core/changes/waive.ts'
import type { Report } from '../../core/run/report.ts'
import { DELIVERY_TRIES_MAX, isDeliveryDue } from '../../core/run/run-life.ts'
import { type DeliveryOrder, deliver } from '../../delivery/deliver.ts'
import type { Delivered } from '../../delivery/delivered.ts'
import { deliveryView } from '../../delivery/view.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { putOffDelivery, recordDelivery, takeDelivery } from '../ledger/delivery.ts'
import { standingOf } from '../ledger/standing.ts'
import { storedPlan, storedReport } from '../ledger/stored.ts'
import { catchUp } from '../observe/catch-up.ts'
import type { Parts } from '../parts.ts'
import { actionsUrlOf, commentUrlOf, siteOf } from '../show/urls.ts'
import { type Place, placeById } from '../subject/place.ts'

/** Answers the run as it stands then. One whose work was delivered, or never will be, is left alone. */
export async function deliverRun(parts: Parts, runId: string): Promise<Run> {
  const { prisma } = parts
  const found = await prisma.run.findUniqueOrThrow({ where: { id: runId }, include: { session: true } })
  const { session, ...run } = found
  const report = storedReport(run)
  if (!report || !isDeliveryDue({ ...run, ...standingOf(run) })) return run
  const tries = await takeDelivery(prisma, runId)
  if (tries === undefined) return deliveredElsewhere(parts, runId)
  try {
    const place = await placeById(parts, run.repositoryId)
    const delivered = await deliver(orderOf(parts, place, run, session, report))
    const outcome = kept(delivered, actionsUrlOf(parts, place, run))
    const recorded = await recordDelivery(prisma, runId, outcome, parts.now())
    await catchUp(parts, place, recorded)
    return recorded
  } catch (error) {
    if (tries >= DELIVERY_TRIES_MAX) return giveUp(parts, run, error)
    await putOffDelivery(prisma, runId, tries)
    throw error
  }
}

/** The work stays in the report, and whoever asked for it is told. */
async function giveUp(parts: Parts, run: Run, error: unknown): Promise<Run> {
  parts.log.error({ err: error, run: run.id, tries: DELIVERY_TRIES_MAX }, 'a delivery was given up')
  const isWanted = run.conclusion === 'completed' || run.conclusion === 'capped'
  const outcome = isWanted ? ({ conclusion: 'withheld', reason: 'delivery-refused' } as const) : {}
  return recordDelivery(parts.prisma, run.id, outcome, parts.now())
}

async function deliveredElsewhere(parts: Parts, runId: string): Promise<Run> {
  const run = await parts.prisma.run.findUniqueOrThrow({ where: { id: runId } })
  if (run.deliveredAt === null) throw new Error(`the delivery of the run ${runId} is under way, or has to wait`)
  return run
}

/** Work that went nowhere is kept in the report; its page is the job's. */
function kept(delivered: Delivered, actionsUrl: string | undefined): Delivered {
  return delivered.url === undefined && delivered.reason !== 'nothing-to-deliver'
    ? { ...delivered, url: actionsUrl }
    : delivered
}

function orderOf(parts: Parts, place: Place, run: Run, session: Session, said: Report): DeliveryOrder {
  const plan = waiving(storedPlan(run), run.waived)
  const isWaived = run.reason === 'guard-waived' && said.conclusion === 'withheld'
  const report = isWaived ? { ...said, conclusion: 'completed' as const } : said
  return {
    place,
    site: siteOf(parts, place),
    plan,
    report,
    approval: approvalOf(run, session),
    view: deliveryView(plan, report, {
      sessionId: session.id,
      runId: run.id,
      spentMicroUsd: run.spentMicroUsd,
      capMicroUsd: run.heldMicroUsd,
      sessionUrl: commentUrlOf(parts, place, session),
    }),
    onRefused: (error) => parts.log.warn({ err: error, run: run.id }, 'GitHub refused a delivery'),
  }
}

/** Who is asked is asked in the session's comment. */
function approvalOf({ approval }: Run, { subjectNumber }: Session): Approval {
  if (approval === 'given' || approval === 'lapsed') return approval
  return subjectNumber === null ? 'impossible' : 'unasked'
}
