/** The work of a run that waits for a person, to be shown as a whole: from its report, and what the repository holds. */
import { COMMENT_CHARACTERS_MAX } from '../../core/text/markdown.ts'
import type { ProposedWork } from '../../core/text/proposed-work.ts'
import { deliveryView } from '../../delivery/view.ts'
import { wordsOf } from '../../delivery/words.ts'
import type { Run } from '../../prisma/client/client.ts'
import { storedPlan, storedReport } from '../ledger/stored.ts'
import type { Place } from '../subject/place.ts'
import { patchOf } from './patch.ts'

export async function proposedOf(place: Place, run: Run): Promise<ProposedWork | undefined> {
  const plan = storedPlan(run)
  const report = storedReport(run)
  const { approveUntil: until, sessionId, id: runId, spentMicroUsd, heldMicroUsd: capMicroUsd } = run
  if (until === null || plan.approve === undefined || report?.delivery === undefined) return undefined
  const { changeset, review } = report.delivery
  const isOfFiles = plan.deliver === 'commit' || plan.deliver === 'pull-request'
  const view = deliveryView(plan, report, { sessionId, runId, spentMicroUsd, capMicroUsd, sessionUrl: undefined })
  return {
    delivers: plan.deliver,
    access: plan.approve,
    until,
    patch: isOfFiles && changeset ? await patchOf(place, changeset, COMMENT_CHARACTERS_MAX) : '',
    // Of a review and a comment nobody is shown one.
    title: plan.deliver === 'review' || plan.deliver === 'comment' ? '' : view.title,
    body: wordsOf(view, review),
    labels: plan.labels ?? [],
  }
}
