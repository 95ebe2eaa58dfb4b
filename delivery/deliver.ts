/**
 * From a report to the repository. Whatever the runner said of its work, it is looked at again here; what may not be
 * delivered is kept. Repeating it adopts what an earlier try already made.
 */

import type { Approval } from '../core/changes/approval.ts'
import type { Changeset, Delivery } from '../core/changes/changeset.ts'
import { guardsOf, toCompare, type Violation, withholdsTests } from '../core/changes/guard.ts'
import type { Plan } from '../core/plan/plan.ts'
import { redactor } from '../core/redact.ts'
import type { Report } from '../core/run/report.ts'
import type { DeliveryView } from '../core/text/delivery.ts'
import { readBefore } from './before.ts'
import { deliverCommit, deliverPullRequest, keepOnSideBranch } from './change.ts'
import { countLines } from './count-lines.ts'
import type { Delivered } from './delivered.ts'
import { type DeliveryPlace, isRefused } from './github.ts'
import { checkTree } from './in-the-way.ts'
import { createTreeReader } from './tree.ts'
import { isFinished, violationsOf } from './validate.ts'
import { deliverComment, deliverIssue, deliverReview } from './words.ts'

/** What every way of delivering needs to know. */
export interface DeliveryOrder {
  readonly place: DeliveryPlace
  /** The repository's own page. */
  readonly site: string
  readonly plan: Plan
  readonly report: Report
  readonly view: DeliveryView
  /** Of no account where the plan asks for none. */
  readonly approval: Approval
  /** Takes what GitHub said no with, for whoever looks after it. */
  readonly onRefused: (error: unknown) => void
}

const redact = redactor([])

/** Throws what is worth another try: no answer, or a fault of GitHub's own. */
export async function deliver(order: DeliveryOrder): Promise<Delivered> {
  try {
    return await deliverWork(order)
  } catch (error) {
    if (!isRefused(error)) throw error
    order.onRefused(error)
    return { conclusion: 'withheld', reason: 'delivery-refused' }
  }
}

async function deliverWork(order: DeliveryOrder): Promise<Delivered> {
  const { plan, report } = order
  const { conclusion, delivery } = report
  // What rests is gone on with from its checkpoint, and where there was nothing to do nothing was made.
  if (report.reason === 'paused' || report.reason === 'nothing-to-do') return {}
  if (!delivery) return conclusion === 'completed' && plan.deliver !== 'none' ? { reason: 'nothing-to-deliver' } : {}
  const [violation] = await violationsAsCounted(order, delivery.changeset)
  if (violation) return { conclusion: 'withheld', reason: violation.reason }
  if (conclusion === 'withheld' || conclusion === 'refused') return {}
  const isWhole = conclusion === 'completed' || (conclusion === 'capped' && isFinished(plan, report))
  // Words that end early are still worth reading; so are those of a review that is none of its form.
  const isUnformed = plan.deliver === 'review' && report.reason === 'output-invalid'
  const isSaid = conclusion === 'completed' || conclusion === 'capped' || isUnformed
  switch (plan.deliver) {
    case 'none':
      return {}
    case 'review':
    case 'comment':
    case 'issue': {
      if (!isSaid) return {}
      if (delivery.body.trim() === '') return { reason: 'nothing-to-deliver' }
      return unapproved(order) ?? sayWords(order, plan.deliver, delivery)
    }
    case 'commit':
    case 'pull-request': {
      const { changeset } = delivery
      if (!changeset || changeset.files.length === 0) {
        return conclusion === 'completed' ? { reason: 'nothing-to-deliver' } : {}
      }
      if (!isWhole) return keepOnSideBranch(order, changeset)
      const unsent = unapproved(order)
      if (unsent?.reason === 'awaits-approval') return unsent
      if (unsent !== undefined) return { ...(await keepOnSideBranch(order, changeset)), ...unsent }
      return plan.deliver === 'commit' ? deliverCommit(order, changeset) : deliverPullRequest(order, changeset)
    }
  }
}

function sayWords(order: DeliveryOrder, as: 'review' | 'comment' | 'issue', delivery: Delivery): Promise<Delivered> {
  if (as === 'review') return deliverReview(order, delivery)
  return as === 'comment' ? deliverComment(order) : deliverIssue(order)
}

/** Why work that its guards let through is not delivered yet, or not at all. */
function unapproved({ plan, approval }: DeliveryOrder): Delivered | undefined {
  if (plan.approve === undefined || approval === 'given') return undefined
  return { conclusion: 'withheld', reason: notApproved[approval] }
}

const notApproved = { unasked: 'awaits-approval', lapsed: 'approval-lapsed', impossible: 'unapproved' } as const

/**
 * What can be told from the work alone comes first. Lines are counted, and tests and credentials compared with what was
 * there before, only where it matters: it takes a request or two for each file.
 */
async function violationsAsCounted(
  { place, plan }: DeliveryOrder,
  changeset: Changeset | undefined,
): Promise<readonly Violation[]> {
  const said = violationsOf(plan, changeset)
  const isOther = said.some(({ reason }) => reason !== 'guard-secrets')
  if (isOther || !changeset) return said
  const reader = createTreeReader(place.octokit, place.name)
  const replaced = await checkTree(reader, changeset)
  if (replaced.length > 0) return replaced
  const paths = withholdsTests(plan) || said.length > 0 ? toCompare(changeset, redact) : []
  const before = await readBefore(place.octokit, place.name, reader, changeset, paths)
  const compared = violationsOf(plan, changeset, before)
  const areCounted = guardsOf(plan).some(({ diff }) => diff?.lines !== undefined)
  if (compared.length > 0 || !areCounted) return compared
  return violationsOf(plan, await countLines(place.octokit, place.name, reader, changeset), before)
}
