/** The one issue of a proposal: made, found again after a crash, or updated in place. */
import { trialOf } from '../../core/text/marker.ts'
import { decidingLabels, decisionLabels } from '../../core/text/promotion-decision.ts'
import type { IssueText } from '../../core/text/promotion-issue.ts'
import { ours } from '../../delivery/author.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { advance, keyOfPromotion } from '../ledger/promotion.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { setIssueState, takeOff } from './say.ts'

/** Issues with the label of a proposal that are looked through for one that an earlier try made. */
const LOOKED_THROUGH_MAX = 100

/** `isNew`: no earlier try can have made it. */
export async function makeIssue(
  parts: Parts,
  place: Place,
  promotion: Promotion,
  text: IssueText,
  isNew = false,
): Promise<void> {
  const known = promotion.issueNumber ?? (isNew ? undefined : await findIssue(place, promotion))
  const issueNumber = (await updateIssue(place, known, text)) ?? (await createIssue(place, text))
  const isNoted = await advance(parts.prisma, promotion, ['opening'], { state: 'open', issueNumber })
  if (!isNoted) {
    await parts.prisma.promotion.update({
      where: { repositoryId_family_variant_decision: keyOfPromotion(promotion) },
      data: { issueNumber },
    })
  }
  const { family, variant, decision } = promotion
  parts.log.info({ family, variant, decision, issue: issueNumber }, 'proposed')
}

/** A decided proposal that comes back: its issue is open again, without the labels that decided it. */
export async function reopenIssue(place: Place, promotion: Promotion): Promise<void> {
  const { issueNumber, decision } = promotion
  if (issueNumber === null) return
  await unlessMissing(() => takeOff(place, issueNumber, decidingLabels(decision)))
  await setIssueState(place, promotion, 'open')
}

async function findIssue(place: Place, { family, variant, decision }: Promotion): Promise<number | undefined> {
  const { data } = await place.octokit.rest.issues.listForRepo({
    ...place.name,
    labels: decisionLabels[decision].proposed,
    state: 'open',
    per_page: LOOKED_THROUGH_MAX,
  })
  const named = data.filter(({ body }) => {
    const trial = trialOf(body ?? '')
    return trial?.workflow === family && trial.variant === variant
  })
  const [made] = await ours(place, named)
  return made?.number
}

async function createIssue(place: Place, { title, body, labels }: IssueText): Promise<number> {
  const { data } = await place.octokit.rest.issues.create({ ...place.name, title, body, labels: [...labels] })
  return data.number
}

/** Labels are left alone: a maintainer may have decided meanwhile. `undefined` when there is none, or none any more. */
async function updateIssue(
  place: Place,
  number: number | undefined,
  { title, body }: IssueText,
): Promise<number | undefined> {
  if (number === undefined) return undefined
  const updated = await unlessMissing(() =>
    place.octokit.rest.issues.update({ ...place.name, issue_number: number, title, body }),
  )
  return updated?.data.number
}
