/** The repository that holds the organisation's layer, as a place where the App acts. */

import type { Parts } from '../parts.ts'
import { noteRepository, type Place, placeOf } from '../subject/place.ts'
import { organisationRepositories } from './configuration.ts'
import { findLayer } from './layer.ts'

export interface OrganisationPlace extends Place {
  /** Whether not everybody can read it. */
  readonly isPrivate: boolean
}

/** `undefined` where the App can read none with a `.github/purser` folder. */
export async function organisationOf(parts: Parts, place: Place): Promise<OrganisationPlace | undefined> {
  const { octokit, repositoryId } = place
  for (const found of await organisationRepositories(octokit, place.name.owner)) {
    const name = { owner: place.name.owner, repo: found.name }
    if (!(await findLayer(octokit, name, found.default_branch))) continue
    const { installationId } = await parts.prisma.repository.findUniqueOrThrow({ where: { id: repositoryId } })
    const repository = await noteRepository(parts.prisma, found, Number(installationId))
    return { ...placeOf(parts, octokit, repository), isPrivate: repository.private }
  }
  return undefined
}
