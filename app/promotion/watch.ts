/**
 * After a promotion the new baseline is held against what the old one did, by the same thresholds: at each checkpoint of its
 * settled runs since the merge, for one window. Worse at two in a row, one issue proposes the way back.
 */

import type { PromotionFile } from '../../core/config/promotion.ts'
import { evaluateTrial, type Measure } from '../../core/promotion/measure.ts'
import { DECIDING, isWorse } from '../../core/promotion/promotion.ts'
import { rulesFor } from '../../core/promotion/rules.ts'
import type { IssueText } from '../../core/text/promotion-issue.ts'
import { rollbackIssue } from '../../core/text/rollback-issue.ts'
import type { Promotion, Run } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'
import { transact } from '../database/transact.ts'
import type { Declared } from '../declared/configuration.ts'
import { membersOf } from '../ledger/members.ts'
import { keyOfPromotion, startAnew } from '../ledger/promotion.ts'
import { tallyOver } from '../ledger/tally.ts'
import { openPromotion } from '../ledger/trial.ts'
import { sideOf } from '../outcome/evidence.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../subject/place.ts'
import { type Before, beforeSchema, storeBefore } from './before.ts'
import { homeOf, unlessNotLet } from './home.ts'
import { makeIssue } from './issue.ts'

const DAY_MS = 86_400_000
/** The thresholds that compare two sides; the others say nothing of which is better. */
const COMPARING: readonly Measure['threshold'][] = ['accepted-baseline', 'spend-per-accepted', 'reverted-baseline']

export async function watchBaseline(
  parts: Parts,
  place: Place,
  declared: Declared,
  { family, variant }: Pick<Run, 'family' | 'variant'>,
): Promise<void> {
  if (variant !== null) return
  const here = { place, declared }
  const home = await homeOf(parts, here, family, null)
  if (!home) return
  const { repositoryId } = home.place
  const { promotion, portfolios } = home.declared.configuration
  const rules = rulesFor(promotion, portfolios, family)
  const promoted = await parts.prisma.promotion.findFirst({
    where: { repositoryId, family, decision: 'promote', state: 'merged' },
    orderBy: { decidedAt: 'desc' },
  })
  if (!promoted || !isWatched(promoted, rules, parts.now())) return
  const before = await lookAgain(parts, promoted, rules)
  if (!isWorse(before.watched)) return
  await unlessNotLet(parts, { home, here }, { repositoryId, family, variant: promoted.variant }, 'rollback', () =>
    proposeRollback(parts, home.place, promoted, before),
  )
}

function isWatched({ decidedAt }: Promotion, { window }: PromotionFile, now: Date): boolean {
  return decidedAt !== null && now.getTime() - decidedAt.getTime() <= window.days * DAY_MS
}

/** A checkpoint is looked at once, and stands. One look at a time. */
async function lookAgain(parts: Parts, promoted: Promotion, rules: PromotionFile): Promise<Before> {
  const { repositoryId, family, decidedAt } = promoted
  const now = parts.now()
  const baseline = { repositoryId, family, variant: null }
  const members = await membersOf(parts.prisma, baseline)
  const since = await tallyOver(parts.prisma, baseline, members, { from: decidedAt ?? now, to: now })
  const { runs } = rules.promote
  const reached = since.settled - (since.settled % runs)
  return transact(parts.prisma, async (transaction) => {
    await transaction.$queryRaw`
      SELECT 1 FROM promotion WHERE repository_id = ${repositoryId} AND family = ${family}
        AND variant = ${promoted.variant} AND decision = 'promote' FOR UPDATE`
    const where = { repositoryId_family_variant_decision: keyOfPromotion(promoted) }
    const row = await transaction.promotion.findUniqueOrThrow({ where })
    const before = beforeSchema.parse(row.before)
    if (reached === 0 || reached <= (before.watched.at(-1)?.settled ?? 0)) return before
    const measures = evaluateTrial(rules, since, before.tally).measures.filter(({ threshold }) =>
      COMPARING.includes(threshold),
    )
    const worse = measures.some(({ measured, holds }) => measured !== undefined && !holds)
    const look = { settled: reached, day: now.toISOString().slice(0, 10), worse, measures }
    const seen = { ...before, watched: [...before.watched, look] }
    await transaction.promotion.update({ where, data: { before: toJson(storeBefore(seen)) } })
    return seen
  })
}

async function proposeRollback(parts: Parts, place: Place, promoted: Promotion, before: Before): Promise<void> {
  const { repositoryId, family, variant } = promoted
  const trial = { repositoryId, family, variant }
  const { promotion } = await openPromotion(parts.prisma, trial, 'rollback', parts.now())
  // One for each promotion: what was decided of an earlier one's says nothing of this one.
  const isOfEarlier = promoted.decidedAt !== null && promotion.openedAt < promoted.decidedAt
  if (isOfEarlier) await startAnew(parts.prisma, promotion, parts.now())
  else if (promotion.issueNumber !== null) return
  const where = { repositoryId_family_variant_decision: keyOfPromotion(promotion) }
  await parts.prisma.promotion.update({ where, data: { before: toJson(storeBefore(before)) } })
  const row = await parts.prisma.promotion.findUniqueOrThrow({ where })
  await makeIssue(parts, place, row, await rollbackText(parts, place, row, promoted))
}

/** As it stands when it is written: what the promoted one did since its merge. */
export async function rollbackText(
  parts: Parts,
  place: Place,
  rollback: Promotion,
  promoted: Promotion,
  overdueSince?: string,
): Promise<IssueText> {
  const { keptAs, watched } = beforeSchema.parse(rollback.before)
  const { repositoryId, family, variant } = rollback
  const baseline = { repositoryId, family, variant: null }
  const members = await membersOf(parts.prisma, baseline)
  const from = promoted.decidedAt ?? rollback.openedAt
  return rollbackIssue({
    workflow: family,
    variant,
    keptAs,
    promotedOn: from.toISOString().slice(0, 10),
    promotedIn: promoted.issueNumber ?? 0,
    checkpoints: watched.slice(-DECIDING),
    since: await sideOf(parts, place, baseline, members, { from, to: parts.now() }),
    repository: fullNameOf(place),
    overdueSince,
  })
}
