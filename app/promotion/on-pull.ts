/**
 * What becomes of a proposal's pull request: merged into the default branch, which declares what holds, it is carried out; closed, or
 * merged into another branch, the proposal is open again.
 */
import { isRefusal } from '../../core/reason.ts'
import { carriedOutText, withdrawnText } from '../../core/text/promotion-decision.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { advance, countFrom, keyOfPromotion, promotionOfFormerPull, promotionOfPull } from '../ledger/promotion.ts'
import type { Parts } from '../parts.ts'
import { layerBy } from '../run/prepare.ts'
import type { Place } from '../subject/place.ts'
import { beforeSchema } from './before.ts'
import { backToOpen } from './decide.ts'
import { definitionOf } from './definition.ts'
import { sayIn, setIssueState } from './say.ts'

export interface PullEvent {
  readonly action: string
  readonly number: number
}

export async function onProposalPull(parts: Parts, place: Place, event: PullEvent): Promise<void> {
  const { action, number } = event
  if (action === 'reopened') return takeUpAgain(parts, place, number)
  if (action !== 'closed') return
  const promotion = await promotionOfPull(parts.prisma, place.repositoryId, number)
  if (promotion) await lookUpPull(parts, place, promotion, number)
}

/** As GitHub shows it now: an event may come late, after it was opened again, or never. */
export async function lookUpPull(parts: Parts, place: Place, promotion: Promotion, pullNumber: number): Promise<void> {
  const pull = await unlessMissing(() => place.octokit.rest.pulls.get({ ...place.name, pull_number: pullNumber }))
  if (pull?.data.state === 'open') return
  // Whoever may write can change what a pull request is merged into.
  if (pull?.data.merged && pull.data.base.ref === place.defaultBranch)
    return carriedOut(parts, place, promotion, pull.data.merged_at)
  await withdrawn(parts, place, promotion, pullNumber)
}

async function carriedOut(
  parts: Parts,
  place: Place,
  promotion: Promotion,
  mergedAt: string | null | undefined,
): Promise<void> {
  const { family, variant, decision, pullNumber } = promotion
  if (pullNumber === null) return
  const at = mergeTime(parts, promotion, mergedAt)
  const declared = await layerBy(parts, place)
  await advance(parts.prisma, promotion, ['open', 'approved', 'closed'], { state: 'merged', decidedAt: at })
  const { repositoryId } = promotion
  if (decision === 'promote' || decision === 'rollback')
    await countFrom(parts.prisma, { repositoryId, family, variant: null }, at)
  if (decision === 'rollback') {
    // The variant was just found worse: as it stands now, it comes back like any that was rejected.
    const definition = isRefusal(declared) ? undefined : definitionOf(declared.configuration, family, variant)
    await parts.prisma.promotion.updateMany({
      where: { ...keyOfPromotion(promotion), decision: 'promote', state: 'merged' },
      data: { state: 'rejected', decidedAt: at, ...(definition === undefined ? {} : { definition }) },
    })
  }
  const before = beforeSchema.safeParse(promotion.before).data
  const tried = isRefusal(declared) ? undefined : declared.configuration.families.get(family)?.variants.get(variant)
  const text = carriedOutText(decision, {
    workflow: family,
    variant,
    pullNumber,
    squad: before?.squad ?? tried?.overlay.squad,
    keptAs: before?.keptAs,
    watchDays: isRefusal(declared) ? 0 : declared.configuration.promotion.window.days,
  })
  await sayIn(place, promotion, 'carried-out', text)
  await setIssueState(place, { ...promotion, state: 'merged' }, 'closed')
  parts.log.info({ family, variant, decision, pull: pullNumber }, 'a proposal was carried out')
}

/** Also when its branch was deleted, by which GitHub closes it. The next approval gets a branch of its own. */
async function withdrawn(parts: Parts, place: Place, promotion: Promotion, number: number): Promise<void> {
  const { givenUp, decision } = promotion
  const isWithdrawn = await advance(parts.prisma, promotion, ['approved'], {
    pullNumber: null,
    givenUp: givenUp + 1,
    formerPulls: { push: number },
  })
  if (!isWithdrawn) return
  await sayIn(place, promotion, `withdrawn-${number}`, withdrawnText(number, decision))
  await backToOpen(parts, place, promotion)
}

/** Somebody opened again what they had closed: that is the approval's pull request once more, if no other has taken its place. */
async function takeUpAgain(parts: Parts, place: Place, number: number): Promise<void> {
  const promotion = await promotionOfFormerPull(parts.prisma, place.repositoryId, number)
  if (!promotion || promotion.pullNumber !== null) return
  await advance(parts.prisma, promotion, ['open'], { state: 'approved', pullNumber: number, decidedAt: parts.now() })
}

/** GitHub's clock is not the App's: by that, a merge lies between the approval and now. */
function mergeTime(parts: Parts, { decidedAt }: Promotion, mergedAt: string | null | undefined): Date {
  const now = parts.now()
  const merged = mergedAt ? new Date(mergedAt) : now
  if (decidedAt !== null && merged < decidedAt) return decidedAt
  return merged < now ? merged : now
}
