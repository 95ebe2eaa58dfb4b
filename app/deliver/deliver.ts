/**
 * From a settled report to the repository. Whatever the runner said of its work, it is looked at again here; what may
 * not be delivered is kept. Repeating it adopts what an earlier try already made.
 */
import type { Changeset } from '../../core/changeset.ts'
import type { Violation } from '../../core/guard.ts'
import { inertText } from '../../core/inert.ts'
import type { Plan } from '../../core/plan.ts'
import { redactor } from '../../core/redact.ts'
import type { Report } from '../../core/report.ts'
import { DELIVERY_TRIES_MAX, isDeliveryDue } from '../../core/run-life.ts'
import type { DeliveryView } from '../../core/text/delivery.ts'
import { waiving } from '../../core/waive.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { isRefused } from '../github.ts'
import { type Delivered, putOffDelivery, recordDelivery, takeDelivery } from '../ledger/delivery.ts'
import { standingOf } from '../ledger/standing.ts'
import { storedPlan, storedReport } from '../ledger/stored.ts'
import { catchUp } from '../observe/catch-up.ts'
import type { Parts } from '../parts.ts'
import { type Place, placeById } from '../place.ts'
import { actionsUrlOf, commentUrlOf } from '../show/urls.ts'
import { deliverCommit, deliverPullRequest, keepOnSideBranch } from './change.ts'
import { countLines } from './count-lines.ts'
import { isFinished, violationsOf } from './validate.ts'
import { deliverComment, deliverReview } from './words.ts'

/** What every way of delivering needs to know. */
export interface DeliveryOrder {
  readonly parts: Parts
  readonly place: Place
  readonly plan: Plan
  readonly report: Report
  readonly view: DeliveryView
}

const redact = redactor([])

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
    const delivered = await tryDeliver(orderOf(parts, place, run, session, report))
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

async function tryDeliver(order: DeliveryOrder): Promise<Delivered> {
  try {
    return await deliver(order)
  } catch (error) {
    if (!isRefused(error)) throw error
    order.parts.log.warn({ err: error, run: order.view.runId }, 'GitHub refused a delivery')
    return { conclusion: 'withheld', reason: 'delivery-refused' }
  }
}

async function deliver(order: DeliveryOrder): Promise<Delivered> {
  const { plan, report } = order
  const { conclusion, delivery } = report
  // What rests is gone on with from its checkpoint.
  if (report.reason === 'paused') return {}
  if (!delivery) return conclusion === 'completed' && plan.deliver !== 'none' ? { reason: 'nothing-to-deliver' } : {}
  const [violation] = await violationsAsCounted(order, delivery.changeset)
  if (violation) return { conclusion: 'withheld', reason: violation.reason }
  if (conclusion === 'withheld' || conclusion === 'refused') return {}
  const isWhole = conclusion === 'completed' || (conclusion === 'capped' && isFinished(plan, report))
  // Words that end early are still worth reading.
  const isSaid = conclusion === 'completed' || conclusion === 'capped'
  switch (plan.deliver) {
    case 'none':
      return {}
    case 'review':
      return isSaid ? deliverReview(order, delivery.body) : {}
    case 'comment':
      return isSaid ? deliverComment(order, delivery.body) : {}
    case 'commit':
    case 'pull-request': {
      const { changeset } = delivery
      if (!changeset || changeset.files.length === 0) {
        return conclusion === 'completed' ? { reason: 'nothing-to-deliver' } : {}
      }
      if (!isWhole) return keepOnSideBranch(order, changeset)
      return plan.deliver === 'commit' ? deliverCommit(order, changeset) : deliverPullRequest(order, changeset)
    }
  }
}

/** Lines are counted last, and only where they matter: it takes a request or two for each file. */
async function violationsAsCounted(
  { place, plan }: DeliveryOrder,
  changeset: Changeset | undefined,
): Promise<readonly Violation[]> {
  const said = violationsOf(plan, changeset)
  if (said.length > 0 || !changeset || plan.guards.diff?.lines === undefined) return said
  return violationsOf(plan, await countLines(place.octokit, place.name, changeset))
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
    parts,
    place,
    plan,
    report,
    view: {
      sessionId: session.id,
      runId: run.id,
      workflow: run.family,
      variant: run.variant ?? undefined,
      goal: goalOf(plan),
      title: inertText(report.delivery?.title ?? '', redact),
      body: inertText(report.delivery?.body ?? '', redact),
      spentMicroUsd: run.spentMicroUsd,
      capMicroUsd: run.heldMicroUsd,
      sessionUrl: commentUrlOf(parts, place, session),
    },
  }
}

/** By its name an input is the goal; other workflows are told by what their agent says. */
function goalOf({ inputs }: Plan): string | undefined {
  const { goal } = inputs
  return typeof goal === 'string' ? inertText(goal, redact) : undefined
}
