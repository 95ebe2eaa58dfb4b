/** Deliveries that change files: onto the subject's branch, as a pull request, or aside where neither may be. */

import type { Changeset } from '../core/changes/changeset.ts'
import { guardsOf } from '../core/changes/guard.ts'
import { commitMessage, pullRequestText } from '../core/text/delivery.ts'
import { commitOnto, findMadeIn } from './commit.ts'
import type { DeliveryOrder } from './deliver.ts'
import type { Delivered } from './delivered.ts'
import { isRefused } from './github.ts'
import { isInMergeQueue } from './merge-queue.ts'
import { openPullRequest } from './pull-request.ts'
import { pushSideBranch, type SideBranch } from './side-branch.ts'
import { sideBranchUrl } from './side-branch-url.ts'

const AUTO_MERGE =
  'This pull request has auto-merge on, which could merge a commit before anybody has seen it; so the work comes as a pull request onto its branch.'
const QUEUED =
  'This pull request is in the merge queue, and a commit would throw it out or be merged unseen; so the work comes as a pull request onto its branch.'
const RULES = 'A rule of the branch does not let the commit onto it, so the work comes as a pull request onto it.'
const UNTRIED =
  'The branch moved while the run worked. Its guards’ commands passed on the commit that the work was made from, and nobody has run them on both together; so the work comes as a pull request onto the branch.'
const NO_BRANCH = 'There is no branch of the subject to write to, so the work comes as a pull request.'

export async function deliverCommit(order: DeliveryOrder, changeset: Changeset): Promise<Delivered> {
  const { place, plan, view } = order
  const target = await targetOf(order)
  if (target.kind === 'none') return deliverPullRequest(order, changeset, NO_BRANCH)
  if (target.kind === 'closed') {
    const made = await findMadeIn(place.octokit, place.name, target.number, { runId: view.runId, changeset })
    return made ?? aside(order, changeset)
  }
  if (target.kind === 'auto-merge') return deliverPullRequest(order, changeset, AUTO_MERGE, target.branch)
  if (target.kind === 'queued') return deliverPullRequest(order, changeset, QUEUED, target.branch)
  const message = commitMessage(view)
  const { branch } = target
  const hasCommands = guardsOf(plan).some(({ run = [] }) => run.length > 0)
  const done = await commitOnto(place.octokit, place.name, {
    runId: view.runId,
    branch,
    changeset,
    message,
    hasCommands,
  })
  if (done.kind === 'untried') return deliverPullRequest(order, changeset, UNTRIED, branch)
  if (done.kind === 'refused') {
    order.onRefused(done.error)
    return deliverPullRequest(order, changeset, RULES, branch)
  }
  if (done.kind !== 'committed') return aside(order, changeset)
  return { sha: done.commit.sha, url: done.commit.url }
}

/**
 * Onto the default branch, unless it says onto which. Where GitHub lets nobody open one (no job may, in many repositories),
 * the work is on its branch.
 */
export async function deliverPullRequest(
  order: DeliveryOrder,
  changeset: Changeset,
  why?: string,
  base: string = order.place.defaultBranch,
): Promise<Delivered> {
  const { place } = order
  const { branch, sha } = await sideBranch(order, changeset)
  const text = pullRequestText(order.view, why)
  try {
    const { number, url } = await openPullRequest(place, { branch, base, ...text })
    return { sha, number, url }
  } catch (error) {
    if (!isRefused(error)) throw error
    order.onRefused(error)
    return { sha, url: sideBranchUrl(order.site, branch), conclusion: 'withheld', reason: 'delivery-refused' }
  }
}

/** Unfinished work is paid for too: it is kept where somebody can pick it up. */
export async function keepOnSideBranch(order: DeliveryOrder, changeset: Changeset): Promise<Delivered> {
  const { branch, sha } = await sideBranch(order, changeset)
  return { sha, url: sideBranchUrl(order.site, branch) }
}

async function aside(order: DeliveryOrder, changeset: Changeset): Promise<Delivered> {
  return { ...(await keepOnSideBranch(order, changeset)), conclusion: 'withheld', reason: 'head-moved-on' }
}

function sideBranch({ place, view }: DeliveryOrder, changeset: Changeset): Promise<SideBranch> {
  const { sessionId, runId } = view
  return pushSideBranch(place.octokit, place.name, { sessionId, runId, changeset, message: commitMessage(view) })
}

type Target =
  | { readonly kind: 'open' | 'auto-merge' | 'queued'; readonly branch: string }
  | { readonly kind: 'closed'; readonly number: number }
  | { readonly kind: 'none' }

/** Where a commit would go now. A pull request is asked for its branch, which its run's plan may have forgotten. */
async function targetOf({ place, plan }: DeliveryOrder): Promise<Target> {
  const { kind, number, headRef } = plan.subject
  if (kind !== 'pull-request' || number === undefined) {
    return headRef === undefined ? { kind: 'none' } : { kind: 'open', branch: headRef }
  }
  const { data: pull } = await place.octokit.rest.pulls.get({ ...place.name, pull_number: number })
  if (pull.state !== 'open') return { kind: 'closed', number }
  const branch = pull.head.ref
  if (pull.auto_merge !== null) return { kind: 'auto-merge', branch }
  return { kind: (await isInMergeQueue(place.octokit, place.name, number)) ? 'queued' : 'open', branch }
}
