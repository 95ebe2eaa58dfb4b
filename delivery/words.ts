/** Deliveries that are words alone. */
import { issueText, reviewBody } from '../core/text/delivery.ts'
import type { DeliveryOrder } from './deliver.ts'
import type { Delivered } from './delivered.ts'
import { openIssue } from './issue.ts'
import { submitReview } from './review.ts'
import { say } from './say.ts'

export async function deliverReview(order: DeliveryOrder, written: string): Promise<Delivered> {
  const { place, plan, view } = order
  const { kind, number, headSha } = plan.subject
  if (written.trim() === '') return { reason: 'nothing-to-deliver' }
  if (kind !== 'pull-request' || number === undefined) return deliverComment(order, written)
  return { url: await submitReview(place, { number, headSha, body: reviewBody(view) }) }
}

const ISSUES_OFF = 'This repository has its issues switched off, so what would have been one is a comment.'

export async function deliverIssue(order: DeliveryOrder, written: string): Promise<Delivered> {
  const { place, plan, view } = order
  if (written.trim() === '') return { reason: 'nothing-to-deliver' }
  const opened = await openIssue(place, { ...issueText(view), labels: plan.labels ?? [] })
  return opened ?? deliverComment(order, written, ISSUES_OFF)
}

export async function deliverComment(
  { place, plan, view }: DeliveryOrder,
  written: string,
  why?: string,
): Promise<Delivered> {
  const { number, headSha } = plan.subject
  if (written.trim() === '') return { reason: 'nothing-to-deliver' }
  const body = reviewBody(view, why)
  if (number !== undefined) return { url: (await say(place, number, body)).url }
  // A push has no place to talk but its commit.
  const { data } = await place.octokit.rest.repos.createCommitComment({ ...place.name, commit_sha: headSha, body })
  return { url: data.html_url }
}
