/** The repository that holds the organisation's layer, as a place where the App acts. */

import type { Parts } from '../parts.ts'
import { noteRepository, type Place, placeOf } from '../subject/place.ts'
import { organisationLayers } from './configuration.ts'

export interface OrganisationPlace extends Place {
  /** Whether not everybody can read it. */
  readonly isPrivate: boolean
}

/** `undefined` where the App can read none with a `.github/purser` folder, or more than one. */
export async function organisationOf(parts: Parts, place: Place): Promise<OrganisationPlace | undefined> {
  const { octokit, repositoryId } = place
  const [only, another] = await organisationLayers(octokit, place.name.owner)
  if (only === undefined || another !== undefined) return undefined
  const { installationId } = await parts.prisma.repository.findUniqueOrThrow({ where: { id: repositoryId } })
  const repository = await noteRepository(parts.prisma, only.repository, Number(installationId))
  return { ...placeOf(parts, octokit, repository), isPrivate: repository.private }
}
