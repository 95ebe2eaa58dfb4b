/** What happens to a proposal's issue on GitHub: a label that decides, a close by hand, a reopening. */
import { mayRun } from '../../core/command/permission.ts'
import { rejectionsOf } from '../../core/promotion/rejection.ts'
import { isRefusal } from '../../core/reason.ts'
import {
  decidingLabels,
  notPermittedText,
  notReopenedText,
  reasonNeededText,
  rejectionLabel,
  verdictOf,
} from '../../core/text/promotion-decision.ts'
import { isMachine } from '../../delivery/author.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { readPermissions } from '../comment/authorize.ts'
import { promotionOfIssue } from '../ledger/promotion.ts'
import { isSetNow } from '../observe/label.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { approve, closeByHand, reject, reopen } from './decide.ts'
import { sayIn, setIssueState, takeOff } from './say.ts'

interface IssueEvent {
  readonly action: string
  readonly issue: { readonly number: number }
  /** Read once, for GitHub's permission answer, and then forgotten. */
  readonly sender: { readonly login: string; readonly type?: string | undefined }
  readonly label?: { readonly name: string } | null | undefined
}

export async function onProposalIssue(parts: Parts, place: Place, event: IssueEvent): Promise<void> {
  const promotion = await promotionOfIssue(parts.prisma, place.repositoryId, event.issue.number)
  if (!promotion) return
  switch (event.action) {
    case 'labeled': {
      const { label, sender } = event
      if (!label || isMachine(sender) || !(await isSetNow(place, event.issue.number, label.name))) return
      return onLabel(parts, place, promotion, label.name, sender)
    }
    case 'closed':
      if (await isClosedNow(place, event.issue.number)) await closeByHand(parts, place, promotion)
      return
    case 'reopened':
      if (!(await isClosedNow(place, event.issue.number))) await onReopened(parts, place, promotion, event.sender)
      return
  }
}

/** An event may come late, after another. A deleted issue is one that somebody closed. */
async function isClosedNow({ octokit, name }: Place, number: number): Promise<boolean> {
  const issue = await unlessMissing(() => octokit.rest.issues.get({ ...name, issue_number: number }))
  return issue?.data.state !== 'open'
}

/** What was decided is opened again by whoever may decide; where another did it the issue is closed again, visibly. */
async function onReopened(
  parts: Parts,
  place: Place,
  promotion: Promotion,
  sender: IssueEvent['sender'],
): Promise<void> {
  const isDecided = promotion.state === 'closed' || promotion.state === 'rejected'
  if (!isDecided || isMachine(sender)) return
  if (await mayMaintain(place, sender)) return reopen(parts, place, promotion)
  await setIssueState(place, promotion, 'closed')
  await sayIn(place, promotion, 'reopened', notReopenedText())
}

async function mayMaintain(place: Place, sender: { readonly login: string }): Promise<boolean> {
  const read = await readPermissions(place, sender.login)
  if (isRefusal(read)) throw new Error('GitHub did not say what the sender may do')
  return mayRun('maintain', read.permissions)
}

/** A label decides when GitHub confirms that whoever set it may maintain; another's is taken off again, visibly. */
export async function onLabel(
  parts: Parts,
  place: Place,
  promotion: Promotion,
  label: string,
  sender: { readonly login: string },
): Promise<void> {
  const said = verdictOf(promotion.decision, label)
  if (!said || promotion.issueNumber === null) return
  if (!(await mayMaintain(place, sender))) {
    await takeOff(place, promotion.issueNumber, [label])
    return sayIn(place, promotion, 'not-permitted', notPermittedText(label))
  }
  if (said.verdict === 'approved') return approve(parts, place, promotion)
  const reason = said.reason ?? (await reasonOn(place, promotion, promotion.issueNumber))
  if (reason !== undefined) return reject(parts, place, promotion, reason)
  if (promotion.state === 'open') await sayIn(place, promotion, 'reason-needed', reasonNeededText(promotion.decision))
}

/** The label that says why may have been there before the one that says no. */
async function reasonOn(place: Place, { decision }: Promotion, issueNumber: number) {
  const { data } = await place.octokit.rest.issues.listLabelsOnIssue({ ...place.name, issue_number: issueNumber })
  const named = rejectionsOf(decision).find(([name]) => data.some((label) => label.name === rejectionLabel(name)))
  return named?.[0]
}

/** The newest label that decides, with whoever set it: for what no webhook has told of. */
export async function lookForLabel(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  const { issueNumber, decision } = promotion
  if (issueNumber === null) return
  const { data: labels } = await place.octokit.rest.issues.listLabelsOnIssue({
    ...place.name,
    issue_number: issueNumber,
  })
  const deciding = decidingLabels(decision).filter((name) => labels.some((label) => label.name === name))
  if (deciding.length === 0) return
  const { data: events } = await place.octokit.rest.issues.listEvents({
    ...place.name,
    issue_number: issueNumber,
    per_page: EVENTS_MAX,
  })
  const set = events.findLast(
    (event) => event.event === 'labeled' && 'label' in event && deciding.includes(event.label.name ?? ''),
  )
  if (!set?.actor || isMachine(set.actor) || !('label' in set)) return
  await onLabel(parts, place, promotion, set.label.name ?? '', set.actor)
}

const EVENTS_MAX = 100
