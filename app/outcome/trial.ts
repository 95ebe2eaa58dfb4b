/** What a family's runs have come to is decided anew when an outcome changes; a proposal becomes an issue. */
import { decideTrial } from '../../core/promotion/promotion.ts'
import { rulesFor } from '../../core/promotion/rules.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import { lookAt } from '../ledger/look.ts'
import type { Parts } from '../parts.ts'
import { homeOf, noteSides, unlessNotLet } from '../promotion/home.ts'
import { propose } from '../promotion/propose.ts'
import type { Place } from '../subject/place.ts'

/** Looks at the run's variant; at all variants of the family where it is a run of the baseline, which weighs in with each. */
export async function lookAtTrials(
  parts: Parts,
  place: Place,
  declared: Declared,
  { family, variant: tried }: Pick<Run, 'family' | 'variant'>,
): Promise<void> {
  const offered = declared.configuration.families.get(family)?.variants
  const variants = tried === null ? [...(offered?.keys() ?? [])] : [tried]
  const here = { place, declared }
  await noteSides(parts, here, family, variants)
  for (const variant of variants) {
    const home = await homeOf(parts, here, family, variant)
    if (!home) continue
    const trial = { repositoryId: home.place.repositoryId, family, variant }
    const { promotion, portfolios } = home.declared.configuration
    const rules = rulesFor(promotion, portfolios, family)
    const { checkpoints, isNews } = await lookAt(parts.prisma, trial, rules, parts.now())
    const { decision } = decideTrial(checkpoints)
    if (decision !== 'promote' && decision !== 'sunset') continue
    await unlessNotLet(parts, { home, here }, trial, decision, () =>
      propose(parts, home.place, home.declared, trial, decision, isNews),
    )
  }
}
