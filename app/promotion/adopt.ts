/** Overrides that keep earning accepted work are proposed as a variant: one issue for each workflow and set, updated in place. */
import { isEarning, overrideSetOf, variantNameOf } from '../../core/promotion/override-set.ts'
import { adoptIssue } from '../../core/text/adopt-issue.ts'
import type { IssueText } from '../../core/text/promotion-issue.ts'
import type { Promotion, Run } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import { overrideCounts } from '../ledger/override-day.ts'
import { openPromotion } from '../ledger/trial.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { prepareAdoption } from './change.ts'
import { makeIssue } from './issue.ts'
import { MAKING_MS_MAX, overdueSince } from './propose.ts'

const FOLDER = '.github/purser/catalog'

/** After a run of the baseline with overrides has met its outcome. */
export async function lookAtOverrides(
  parts: Parts,
  place: Place,
  declared: Declared,
  { repositoryId, family, overrideKey }: Pick<Run, 'repositoryId' | 'family' | 'overrideKey'>,
): Promise<void> {
  if (overrideKey === null) return
  const { promotion: rules } = declared.configuration
  const counts = await overrideCounts(parts.prisma, { repositoryId, family, overrideKey }, rules, parts.now())
  if (!isEarning(counts, rules)) return
  const variant = variantNameOf(overrideSetOf(overrideKey))
  const trial = { repositoryId, family, variant }
  const where = { repositoryId_family_variant_decision: { ...trial, decision: 'adopt' as const } }
  const known = await parts.prisma.promotion.findUnique({ where })
  // Where no file can say it, or there is such a variant by now, there is nothing to propose.
  if (!known && 'problem' in prepareAdoption(parts, declared, { family, variant, overrideKey })) return
  const { opened, promotion } = await openPromotion(parts.prisma, trial, 'adopt', parts.now(), overrideKey)
  if (promotion.state !== 'opening' && promotion.state !== 'open') return
  const isBeingMade = parts.now().getTime() - promotion.openedAt.getTime() < MAKING_MS_MAX
  if (promotion.issueNumber === null && !opened && isBeingMade) return
  const text = await adoptText(parts, declared, promotion)
  if (text) await makeIssue(parts, place, promotion, text, opened)
}

/** Undefined where its overrides were not kept. */
export async function adoptText(
  parts: Parts,
  { configuration }: Declared,
  promotion: Promotion,
): Promise<IssueText | undefined> {
  const { repositoryId, family, variant, overrideKey } = promotion
  if (overrideKey === null) return undefined
  const rules = configuration.promotion
  const { runs, subjects, accepted } = rules.overrides
  return adoptIssue({
    workflow: family,
    variant,
    set: overrideSetOf(overrideKey),
    counts: await overrideCounts(parts.prisma, { repositoryId, family, overrideKey }, rules, parts.now()),
    windowDays: rules.window.days,
    required: { runs, subjects, acceptedBasisPoints: accepted },
    path: `${FOLDER}/${family}/variants/${variant}.yml`,
    overdueSince: overdueSince(promotion),
  })
}
