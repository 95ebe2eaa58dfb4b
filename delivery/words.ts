/** Deliveries that are words alone. */

import type { Delivery } from '../core/changes/changeset.ts'
import { type Review, redactReview } from '../core/changes/review.ts'
import { mayOffer, placeFindings } from '../core/changes/review-places.ts'
import { redactor } from '../core/redact.ts'
import { type DeliveryView, goneSentence, issueText, reviewBody } from '../core/text/delivery.ts'
import { paragraphs } from '../core/text/markdown.ts'
import { lineComment, reviewWords } from '../core/text/review.ts'
import type { DeliveryOrder } from './deliver.ts'
import type { Delivered } from './delivered.ts'
import { openIssue } from './issue.ts'
import { findReview, type ReviewDraft, submitReview } from './review.ts'
import { readReviewedDiff } from './reviewed-diff.ts'
import { firstLineOf, say } from './say.ts'

const redact = redactor([])

/** Findings stand on their lines, as far as the diff shows them; the rest of them, and all of them where GitHub takes no comments, stand in the text. */
export async function deliverReview(order: DeliveryOrder, written: Delivery): Promise<Delivered> {
  const { place, plan, view } = order
  const { kind, number } = plan.subject
  if (kind !== 'pull-request' || number === undefined) return deliverComment(order)
  const made = await findReview(place, number, firstLineOf(reviewBody(view)))
  return { url: made ?? (await submitReview(place, number, await draftsOf(order, number, written.review))) }
}

/** What is posted where all of it stands in one text. */
export function wordsOf(view: DeliveryView, written: Review | undefined): string {
  if (written === undefined) return view.body
  const review = redactReview(written, redact)
  return reviewWords(review, review.findings, redact)
}

async function draftsOf(
  { place, plan, view }: DeliveryOrder,
  number: number,
  written: Review | undefined,
): Promise<[ReviewDraft, ...ReviewDraft[]]> {
  const { headSha: commitSha } = plan.subject
  const review = written === undefined ? undefined : redactReview(written, redact)
  const words = wordsOf(view, written)
  const whole = { body: reviewBody({ ...view, body: words }), commitSha }
  const gone: ReviewDraft = { body: reviewBody({ ...view, body: paragraphs(words, goneSentence(commitSha)) }) }
  if (review === undefined || review.findings.length === 0) return [whole, gone]
  const diff = await readReviewedDiff(place, number, commitSha)
  if (diff === undefined) return [gone]
  const { placed, rest } = placeFindings(review.findings, diff, (finding) => mayOffer(plan, finding, redact))
  if (placed.length === 0) return [whole, gone]
  const comments = placed.map((one) => ({
    path: one.finding.path,
    line: one.line,
    endLine: one.endLine,
    body: lineComment(one, redact),
  }))
  const others = reviewWords(review, rest, redact)
  const body = reviewBody({ ...view, body: others === '' ? 'The findings stand on their lines.' : others })
  return [{ body, commitSha, comments }, whole, gone]
}

const ISSUES_OFF = 'This repository has its issues switched off, so what would have been one is a comment.'

export async function deliverIssue(order: DeliveryOrder): Promise<Delivered> {
  const { place, plan, view } = order
  const opened = await openIssue(place, { ...issueText(view), labels: plan.labels ?? [] })
  return opened ?? deliverComment(order, ISSUES_OFF)
}

export async function deliverComment({ place, plan, view }: DeliveryOrder, why?: string): Promise<Delivered> {
  const { number, headSha } = plan.subject
  const body = reviewBody(view, why)
  if (number !== undefined) return { url: (await say(place, number, body)).url }
  // A push has no place to talk but its commit.
  const { data } = await place.octokit.rest.repos.createCommitComment({ ...place.name, commit_sha: headSha, body })
  return { url: data.html_url }
}
