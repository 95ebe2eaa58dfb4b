/** What a family's runs have come to is decided anew when an outcome changes; a proposal becomes an issue. */
import { decideTrial } from '../../core/promotion/promotion.ts'
import { isRefused } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import { lookAt } from '../ledger/look.ts'
import type { Parts } from '../parts.ts'
import { homeOf, noteSides } from '../promotion/home.ts'
import { propose } from '../promotion/propose.ts'
import { fullNameOf, type Place } from '../subject/place.ts'

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
    const { promotion } = home.declared.configuration
    const { checkpoints, isNews } = await lookAt(parts.prisma, trial, promotion, parts.now())
    const { decision } = decideTrial(checkpoints)
    if (decision !== 'promote' && decision !== 'sunset') continue
    try {
      await propose(parts, home.place, home.declared, trial, decision, isNews)
    } catch (error) {
      // Anybody can read a public layer; writing there needs the App's own access, which is no fault of this repository.
      if (home === here || !isRefused(error)) throw error
      await parts.prisma.promotion.deleteMany({ where: { ...trial, decision, issueNumber: null } })
      parts.log.warn(
        { family, variant, repository: fullNameOf(home.place) },
        'GitHub lets the App propose nothing there',
      )
    }
  }
}
