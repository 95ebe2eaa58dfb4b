/** One issue for a trial that met the thresholds twice in a row: its place is taken in the database before it is made. */
import { isRefusal } from '../core/reason.ts'
import { trialOf } from '../core/text/marker.ts'
import { decisionLabels } from '../core/text/promotion-decision.ts'
import { type IssueText, promotionIssue } from '../core/text/promotion-issue.ts'
import type { Declared } from './configuration.ts'
import { evidenceOf } from './evidence.ts'
import type { VariantTrial } from './ledger/look.ts'
import { openPromotion, setPromotionIssue } from './ledger/trial.ts'
import type { Parts } from './parts.ts'
import { type Place, placeById } from './place.ts'
import { declaredBy } from './prepare.ts'

export type Proposal = 'promote' | 'sunset'

/** Whoever took the place has this long to make the issue, before somebody else makes it instead. */
const MAKING_MS_MAX = 120_000
/** Proposals without an issue that one sweep takes on. */
const UNMADE_AT_ONCE = 20
/** Issues with the label of a proposal that are looked through for one that an earlier try made. */
const LOOKED_THROUGH_MAX = 100

/** `isNews`: what the checkpoints say has changed. Else an issue that is already there is left as it is. */
export async function propose(
  parts: Parts,
  place: Place,
  declared: Declared,
  trial: VariantTrial,
  decision: Proposal,
  isNews: boolean,
): Promise<void> {
  const { opened, promotion } = await openPromotion(parts.prisma, trial, decision, parts.now())
  const number = promotion.issueNumber
  if (number !== null && !isNews) return
  const isBeingMade = parts.now().getTime() - promotion.openedAt.getTime() < MAKING_MS_MAX
  if (number === null && !opened && isBeingMade) return
  const view = await evidenceOf(parts, place, declared, trial, decision)
  if (!view) return
  const text = promotionIssue(view)
  const known = number ?? (opened ? undefined : await findIssue(place, trial, decision))
  const made = known === undefined ? await createIssue(place, text) : await updateIssue(place, known, text)
  await setPromotionIssue(parts.prisma, trial, decision, made)
  parts.log.info({ family: trial.family, variant: trial.variant, decision, issue: made }, 'proposed')
}

/** Proposals whose issue was never made, because the process or GitHub failed in between. */
export async function proposeUnmade(parts: Parts): Promise<void> {
  const unmade = await parts.prisma.promotion.findMany({
    where: { issueNumber: null, openedAt: { lt: new Date(parts.now().getTime() - MAKING_MS_MAX) } },
    orderBy: { openedAt: 'asc' },
    take: UNMADE_AT_ONCE,
  })
  for (const { repositoryId, family, variant, decision } of unmade) {
    if (decision === 'rollback') continue
    const place = await placeById(parts, repositoryId)
    const declared = await declaredBy(parts, place)
    if (isRefusal(declared)) continue
    try {
      await propose(parts, place, declared, { repositoryId, family, variant }, decision, false)
    } catch (error) {
      parts.log.warn({ err: error, family, variant, decision }, 'a proposal’s issue could not be made')
    }
  }
}

async function findIssue(place: Place, trial: VariantTrial, decision: Proposal): Promise<number | undefined> {
  const { data } = await place.octokit.rest.issues.listForRepo({
    ...place.name,
    labels: decisionLabels[decision].proposed,
    state: 'all',
    per_page: LOOKED_THROUGH_MAX,
  })
  const made = data.find((issue) => {
    const named = trialOf(issue.body ?? '')
    return issue.user?.type === 'Bot' && named?.workflow === trial.family && named.variant === trial.variant
  })
  return made?.number
}

async function createIssue(place: Place, { title, body, labels }: IssueText): Promise<number> {
  const { data } = await place.octokit.rest.issues.create({ ...place.name, title, body, labels: [...labels] })
  return data.number
}

/** Labels are left alone: a maintainer may have decided meanwhile. */
async function updateIssue(place: Place, number: number, { title, body }: IssueText): Promise<number> {
  await place.octokit.rest.issues.update({ ...place.name, issue_number: number, title, body })
  return number
}
