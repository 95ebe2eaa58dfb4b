/** Each sweep: proposals whose issue or pull request was never made, those that are overdue, and what no webhook told of. */
import { isRefusal } from '../../core/reason.ts'
import { OVERDUE_DAYS } from '../../core/text/promotion-decision.ts'
import { promotionIssue } from '../../core/text/promotion-issue.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Prisma, Promotion } from '../../prisma/client/client.ts'
import { advance, keyOfPromotion } from '../ledger/promotion.ts'
import { evidenceOf } from '../outcome/evidence.ts'
import type { Parts } from '../parts.ts'
import { layerBy } from '../run/prepare.ts'
import { type Place, placeById } from '../subject/place.ts'
import { adoptText } from './adopt.ts'
import { approve, closeByHand } from './decide.ts'
import { makeIssue } from './issue.ts'
import { offerText, showOffer } from './offer.ts'
import { lookForLabel } from './on-issue.ts'
import { lookUpPull } from './on-pull.ts'
import { MAKING_MS_MAX, overdueSince, propose } from './propose.ts'
import { rollbackText } from './watch.ts'

const DAY_MS = 86_400_000
/** Proposals of one kind that one sweep takes on. */
const AT_ONCE = 20
/** GitHub is asked this often what became of a proposal, besides what its webhooks tell. */
const LOOK_AGAIN_MS = 3_600_000

type Tend = (parts: Parts, place: Place, promotion: Promotion) => Promise<void>

export async function tendProposals(parts: Parts): Promise<void> {
  const before = (ms: number) => new Date(parts.now().getTime() - ms)
  const stuck = before(MAKING_MS_MAX)
  // By their state, which has an index: of those that were decided there are ever more.
  await each(parts, { state: { in: ['opening', 'open'] }, issueNumber: null, openedAt: { lt: stuck } }, make)
  await each(parts, { state: 'approved', pullNumber: null, decidedAt: { lt: stuck } }, approve)
  await each(parts, { state: 'open', overdue: false, openedAt: { lt: before(OVERDUE_DAYS * DAY_MS) } }, tellOverdue)
  const unseen = { OR: [{ lookedAt: null }, { lookedAt: { lt: before(LOOK_AGAIN_MS) } }] }
  await each(parts, { state: { in: ['open', 'approved'] }, issueNumber: { not: null }, ...unseen }, lookUp)
}

/** One proposal's trouble must not keep the others waiting. */
async function each(parts: Parts, where: Prisma.PromotionWhereInput, tend: Tend): Promise<void> {
  const found = await parts.prisma.promotion.findMany({
    where: { ...where, repository: { awaySince: null } },
    orderBy: { openedAt: 'asc' },
    take: AT_ONCE,
  })
  for (const promotion of found) {
    try {
      await tend(parts, await placeById(parts, promotion.repositoryId), promotion)
    } catch (error) {
      const { family, variant, decision } = promotion
      parts.log.warn({ err: error, family, variant, decision }, 'a proposal could not be seen to')
    }
  }
}

/** The process or GitHub failed before there was an issue. */
async function make(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  if (promotion.decision === 'rollback') {
    const promoted = await promotionBehind(parts, promotion)
    if (promoted) await makeIssue(parts, place, promotion, await rollbackText(parts, place, promotion, promoted))
    return
  }
  if (promotion.decision === 'offer') return showOffer(parts, place, promotion)
  const declared = await layerBy(parts, place)
  if (isRefusal(declared)) return
  if (promotion.decision === 'adopt') {
    const text = await adoptText(parts, declared, promotion)
    if (text) await makeIssue(parts, place, promotion, text)
  } else await propose(parts, place, declared, promotion, promotion.decision, false)
}

/** Said once: the issue's own text tells it from then on. */
async function tellOverdue(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  const overdue = { ...promotion, overdue: true }
  const text = await issueText(parts, place, overdue)
  if (text) await makeIssue(parts, place, promotion, text)
  await advance(parts.prisma, promotion, ['open'], { overdue: true })
}

async function issueText(parts: Parts, place: Place, promotion: Promotion) {
  const since = overdueSince(promotion)
  const { decision } = promotion
  if (decision === 'rollback') {
    const promoted = await promotionBehind(parts, promotion)
    return promoted ? rollbackText(parts, place, promotion, promoted, since) : undefined
  }
  if (decision === 'offer') return offerText(parts, place, promotion)
  const declared = await layerBy(parts, place)
  if (isRefusal(declared)) return undefined
  if (decision === 'adopt') return adoptText(parts, declared, promotion)
  const view = await evidenceOf(parts, place, declared, promotion, decision)
  return view && promotionIssue({ ...view, overdueSince: since })
}

function promotionBehind(parts: Parts, promotion: Promotion): Promise<Promotion | null> {
  const key = { ...keyOfPromotion(promotion), decision: 'promote' as const }
  return parts.prisma.promotion.findUnique({ where: { repositoryId_family_variant_decision: key } })
}

/** What GitHub shows of the issue and the pull request now, as if its webhooks had just come. */
async function lookUp(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  const { issueNumber, pullNumber } = promotion
  await advance(parts.prisma, promotion, ['open', 'approved'], { lookedAt: parts.now() })
  if (pullNumber !== null) return lookUpPull(parts, place, promotion, pullNumber)
  if (issueNumber === null) return
  const issue = await unlessMissing(() => place.octokit.rest.issues.get({ ...place.name, issue_number: issueNumber }))
  // A deleted issue is one that somebody closed.
  if (issue === undefined) return closeByHand(parts, place, promotion)
  await lookForLabel(parts, place, promotion)
  if (promotion.decision === 'offer' && promotion.state === 'open') {
    await showOffer(parts, place, promotion, issue.data.body ?? '')
  }
  if (issue.data.state === 'closed') {
    const now = await parts.prisma.promotion.findUniqueOrThrow({
      where: { repositoryId_family_variant_decision: keyOfPromotion(promotion) },
    })
    await closeByHand(parts, place, now)
  }
}
