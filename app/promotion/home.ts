/** The repository that owns a definition: where it is judged, proposed, decided and changed. */

import { isRefusal } from '../../core/reason.ts'
import { isRefused } from '../../delivery/github.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import { organisationOf } from '../declared/organisation.ts'
import type { VariantTrial } from '../ledger/look.ts'
import { noteDefinitions } from '../ledger/promotion.ts'
import type { Parts } from '../parts.ts'
import { layerBy } from '../run/prepare.ts'
import { fullNameOf, type Place, placeById } from '../subject/place.ts'
import { sideDefinition } from './definition.ts'

export interface Home {
  readonly place: Place
  readonly declared: Declared
}

/**
 * Of a variant, or of the baseline where that is null: the repository itself, or the one with the organisation's layer that
 * declares it. `undefined` where that can't be read, or declares it otherwise than it is declared here by now: a pin that is
 * behind, an agent of the repository's own. Such runs say nothing of what the organisation would change.
 */
export async function homeOf(
  parts: Parts,
  here: Home,
  family: string,
  variant: string | null,
): Promise<Home | undefined> {
  const { configuration, organisation } = here.declared
  const found = configuration.families.get(family)
  const owner = variant === null ? found : found?.variants.get(variant)
  if (owner?.layer !== 'organisation' || !organisation) return here
  const { owner: login, repo } = organisation.repository
  const known = await parts.prisma.repository.findFirst({ where: { owner: login, name: repo } })
  const place = known ? await placeById(parts, known.id) : await organisationOf(parts, here.place)
  const declared = place && (await layerBy(parts, place))
  if (!place || isRefusal(declared) || declared === undefined) return undefined
  const there = { place, declared }
  await noteSides(parts, there, family, variant === null ? [] : [variant])
  const isSame = [null, variant].every(
    (side) => sideDefinition(configuration, family, side) === sideDefinition(declared.configuration, family, side),
  )
  return isSame ? there : undefined
}

/**
 * Anybody can read a public layer; writing there needs the App's own access, which is no fault of this repository. What could not be
 * proposed is as if it had not been tried, so that the next outcome tries it anew; `above.ts` tells of it meanwhile.
 */
export async function unlessNotLet(
  parts: Parts,
  { home, here }: { readonly home: Home; readonly here: Home },
  trial: VariantTrial,
  decision: Promotion['decision'],
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (home === here || !isRefused(error)) throw error
    const { family, variant } = trial
    await parts.prisma.promotion.deleteMany({ where: { ...trial, decision, issueNumber: null } })
    parts.log.warn({ family, variant, repository: fullNameOf(home.place) }, 'GitHub lets the App propose nothing there')
  }
}

/** Before a trial is looked at: what is declared differently now counts from now. */
export async function noteSides(
  parts: Parts,
  { place: { repositoryId }, declared: { configuration } }: Home,
  family: string,
  variants: readonly string[],
): Promise<void> {
  const definitions = new Map<string | null, string>()
  for (const variant of [null, ...variants]) {
    const definition = sideDefinition(configuration, family, variant)
    if (definition !== undefined) definitions.set(variant, definition)
  }
  await noteDefinitions(parts.prisma, { repositoryId, family }, definitions, parts.now())
}
