/** One issue for a trial that met the thresholds twice in a row: its place is taken in the database before it is made. */
import type { PromotionFile } from '../../core/config/promotion.ts'
import { CLOSED_CHECKPOINTS, REJECTED_CHECKPOINTS } from '../../core/text/promotion-decision.ts'
import { promotionIssue } from '../../core/text/promotion-issue.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import type { VariantTrial } from '../ledger/look.ts'
import { membersOf } from '../ledger/members.ts'
import { advance, startAnew } from '../ledger/promotion.ts'
import { tallyOver } from '../ledger/tally.ts'
import { openPromotion } from '../ledger/trial.ts'
import { evidenceOf } from '../outcome/evidence.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { definitionOf } from './definition.ts'
import { makeIssue, reopenIssue } from './issue.ts'

/** Whoever took the place has this long to make the issue, before somebody else makes it instead. */
export const MAKING_MS_MAX = 120_000

/** `isNews`: what the checkpoints say has changed. Else an issue that is already there is left as it is. */
export async function propose(
  parts: Parts,
  place: Place,
  declared: Declared,
  trial: VariantTrial,
  decision: 'promote' | 'sunset',
  isNews: boolean,
): Promise<void> {
  const { configuration } = declared
  const definition = definitionOf(configuration, trial.family, trial.variant)
  if (definition === undefined) return
  const { opened, promotion: found } = await openPromotion(parts.prisma, trial, decision, parts.now())
  const promotion = opened ? found : await standing(parts, place, found, definition, configuration.promotion)
  if (!promotion) return
  const { issueNumber, openedAt, state } = promotion
  const isBack = found.state !== state
  if (issueNumber !== null && !isNews && !isBack) return
  const isBeingMade = parts.now().getTime() - openedAt.getTime() < MAKING_MS_MAX
  if (issueNumber === null && !opened && !isBack && isBeingMade) return
  const view = await evidenceOf(parts, place, declared, trial, decision)
  if (!view) return
  // What was approved of another definition is not taken up again.
  const anew = promotion.definition === definition ? {} : { formerPulls: [] }
  await advance(parts.prisma, promotion, ['opening', 'open'], { definition, ...anew })
  const text = promotionIssue({ ...view, overdueSince: overdueSince(promotion) })
  await makeIssue(parts, place, promotion, text, opened)
}

/** The day that an overdue proposal's issue tells. */
export function overdueSince({ overdue, openedAt }: Promotion): string | undefined {
  return overdue ? openedAt.toISOString().slice(0, 10) : undefined
}

/** The row as a proposal may go on with it; `undefined` while it is decided, and for a while after that. */
async function standing(
  parts: Parts,
  place: Place,
  promotion: Promotion,
  definition: string,
  { promote: { runs } }: PromotionFile,
): Promise<Promotion | undefined> {
  const isAnother = promotion.definition !== null && promotion.definition !== definition
  switch (promotion.state) {
    case 'opening':
    case 'open':
      return promotion
    case 'approved':
      return undefined
    case 'merged':
      return isAnother ? startAnew(parts.prisma, promotion, parts.now()) : undefined
    case 'rejected':
    case 'closed': {
      const isOver = promotion.state === 'rejected' ? isLongAgo : isHeldAgain
      if (!isAnother && !(await isOver(parts, promotion, runs))) return undefined
      const back = { state: 'open', rejection: null, decidedAt: null, openedAt: parts.now(), overdue: false } as const
      if (!(await advance(parts.prisma, promotion, [promotion.state], back))) return undefined
      const open = { ...promotion, ...back }
      await reopenIssue(place, open)
      return open
    }
  }
}

/** Checkpoints are counted by the runs that were settled since. */
async function isLongAgo(parts: Parts, promotion: Promotion, runs: number): Promise<boolean> {
  const { decidedAt } = promotion
  if (decidedAt === null) return true
  const members = await membersOf(parts.prisma, promotion)
  const since = await tallyOver(parts.prisma, promotion, members, { from: decidedAt, to: parts.now() })
  return since.settled >= REJECTED_CHECKPOINTS * runs
}

/** The checkpoints that hold were both reached after it was closed. */
async function isHeldAgain(parts: Parts, { repositoryId, family, variant, decidedAt }: Promotion): Promise<boolean> {
  if (decidedAt === null) return true
  const after = await parts.prisma.checkpoint.count({
    where: { repositoryId, family, variant, at: { gt: decidedAt } },
  })
  return after >= CLOSED_CHECKPOINTS
}
