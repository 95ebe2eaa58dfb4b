/** What a family's runs have come to is decided anew when an outcome changes; a proposal becomes an issue. */
import { decideTrial } from '../core/promotion.ts'
import type { Run } from '../prisma/client/client.ts'
import type { Declared } from './configuration.ts'
import { lookAt } from './ledger/look.ts'
import { noteDefinition } from './ledger/promotion.ts'
import type { Parts } from './parts.ts'
import type { Place } from './place.ts'
import { sideDefinition } from './promotion/definition.ts'
import { propose } from './promotion/propose.ts'

/** Looks at the run's variant; at all variants of the family where it is a run of the baseline, which weighs in with each. */
export async function lookAtTrials(
  parts: Parts,
  place: Place,
  declared: Declared,
  run: Pick<Run, 'repositoryId' | 'family' | 'variant'>,
): Promise<void> {
  const { repositoryId, family } = run
  const { families, promotion } = declared.configuration
  const offered = families.get(family)?.variants
  const variants = run.variant === null ? [...(offered?.keys() ?? [])] : [run.variant]
  await noteSides(parts, declared, { repositoryId, family, variants })
  for (const variant of variants) {
    const trial = { repositoryId, family, variant }
    const { checkpoints, isNews } = await lookAt(parts.prisma, trial, promotion, parts.now())
    const { decision } = decideTrial(checkpoints)
    if (decision === 'promote' || decision === 'sunset') {
      await propose(parts, place, declared, trial, decision, isNews)
    }
  }
}

/** Before a trial is looked at: what is declared differently now counts from now. */
async function noteSides(
  parts: Parts,
  { configuration }: Declared,
  { repositoryId, family, variants }: { repositoryId: bigint; family: string; variants: readonly string[] },
): Promise<void> {
  for (const variant of [null, ...variants]) {
    const definition = sideDefinition(configuration, family, variant)
    if (definition === undefined) continue
    await noteDefinition(parts.prisma, { repositoryId, family, variant }, definition, parts.now())
  }
}
