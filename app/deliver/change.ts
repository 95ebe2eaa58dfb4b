/** Deliveries that change files: onto the subject's branch, as a pull request, or aside where neither may be. */
import type { Changeset } from '../../core/changeset.ts'
import { commitMessage, pullRequestText } from '../../core/text/delivery.ts'
import type { Delivered } from '../ledger/settle.ts'
import { siteOf } from '../show/urls.ts'
import { commitOnto } from './commit.ts'
import type { DeliveryOrder } from './deliver.ts'
import { openPullRequest } from './pull-request.ts'
import { pushSideBranch, type SideBranch } from './side-branch.ts'
import { sideBranchUrl } from './side-branch-url.ts'

const AUTO_MERGE =
  'This pull request has auto-merge on, which could merge a commit before anybody has seen it; so the work comes as a pull request onto its branch.'
const NO_BRANCH = 'There is no branch of the subject to write to, so the work comes as a pull request.'

export async function deliverCommit(order: DeliveryOrder, changeset: Changeset): Promise<Delivered> {
  const { place, plan, view } = order
  const { headRef } = plan.subject
  if (headRef === undefined) return deliverPullRequest(order, changeset, NO_BRANCH)
  const pull = await standing(order)
  if (pull === 'closed') return aside(order, changeset)
  if (pull === 'auto-merge') return deliverPullRequest(order, changeset, AUTO_MERGE)
  const message = commitMessage(view)
  const done = await commitOnto(place.octokit, place.name, { runId: view.runId, branch: headRef, changeset, message })
  if (done.kind !== 'committed') return aside(order, changeset)
  return { sha: done.commit.sha, url: done.commit.url }
}

export async function deliverPullRequest(order: DeliveryOrder, changeset: Changeset, why?: string): Promise<Delivered> {
  const { place, plan } = order
  const { branch, sha } = await sideBranch(order, changeset)
  const base = why === AUTO_MERGE ? (plan.subject.headRef ?? place.defaultBranch) : place.defaultBranch
  const text = pullRequestText(order.view, why)
  const { number, url } = await openPullRequest(place.octokit, place.name, { branch, base, ...text })
  return { sha, number, url }
}

/** Unfinished work is paid for too: it is kept where somebody can pick it up. */
export async function keepOnSideBranch(order: DeliveryOrder, changeset: Changeset): Promise<Delivered> {
  const { branch, sha } = await sideBranch(order, changeset)
  return { sha, url: sideBranchUrl(siteOf(order.parts, order.place), branch) }
}

async function aside(order: DeliveryOrder, changeset: Changeset): Promise<Delivered> {
  return { ...(await keepOnSideBranch(order, changeset)), conclusion: 'withheld', reason: 'head-moved-on' }
}

function sideBranch({ place, view }: DeliveryOrder, changeset: Changeset): Promise<SideBranch> {
  const { sessionId, runId } = view
  return pushSideBranch(place.octokit, place.name, { sessionId, runId, changeset, message: commitMessage(view) })
}

async function standing({ place, plan }: DeliveryOrder): Promise<'open' | 'closed' | 'auto-merge'> {
  const { kind, number } = plan.subject
  if (kind !== 'pull-request' || number === undefined) return 'open'
  const { data: pull } = await place.octokit.rest.pulls.get({ ...place.name, pull_number: number })
  if (pull.state !== 'open') return 'closed'
  return pull.auto_merge === null ? 'open' : 'auto-merge'
}
