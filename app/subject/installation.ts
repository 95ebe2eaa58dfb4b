/** Repositories that the App is installed on, known before anything has happened in them. */

import { unlessMissing } from '../../delivery/github.ts'
import type { Repository } from '../../prisma/client/client.ts'
import type { Octokit } from '../github.ts'
import type { Parts } from '../parts.ts'
import { beginReading } from '../reconcile/readings.ts'
import { noteRepository } from './place.ts'

/** More at once are an organisation's: each is noted when it is first heard of. */
const NOTED_AT_ONCE_MAX = 30

interface InstalledEvent {
  readonly installation: { readonly id: number }
  readonly repositories?: readonly Installed[] | undefined
  readonly repositories_added?: readonly Installed[] | undefined
}

interface Installed {
  readonly id: number
  readonly full_name: string
}

/** A new installation has a new id, also where an earlier one knew the repository. */
export async function onInstalled(parts: Parts, octokit: Octokit, event: InstalledEvent): Promise<void> {
  const installed = event.repositories_added ?? event.repositories ?? []
  const { id: installationId } = event.installation
  await beginReading(
    parts.prisma,
    installed.map(({ id }) => BigInt(id)),
  )
  await parts.prisma.repository.updateMany({
    where: { id: { in: installed.map(({ id }) => BigInt(id)) } },
    data: { installationId, awaySince: null },
  })
  for (const { full_name: fullName } of installed.slice(0, NOTED_AT_ONCE_MAX)) {
    await noteNamed(parts, octokit, installationId, fullName)
  }
}

/**
 * Asks GitHub whether the App is installed on a repository that it has not heard of. `repository` is as the job's verified
 * token names it; `undefined` also where that name leads to another repository by now.
 */
export async function findInstalled(
  parts: Parts,
  repository: { readonly id: number; readonly fullName: string },
): Promise<Repository | undefined> {
  return unlessMissing(async () => {
    const app = await parts.octokitOfApp()
    const { data: installation } = await app.rest.apps.getRepoInstallation(nameOf(repository.fullName))
    const octokit = await parts.octokitOf(BigInt(installation.id))
    return noteNamed(parts, octokit, installation.id, repository.fullName, repository.id)
  })
}

async function noteNamed(
  parts: Parts,
  octokit: Octokit,
  installationId: number,
  fullName: string,
  id?: number,
): Promise<Repository | undefined> {
  return unlessMissing(async () => {
    const { data } = await octokit.rest.repos.get(nameOf(fullName))
    return id === undefined || data.id === id ? noteRepository(parts.prisma, data, installationId) : undefined
  })
}

function nameOf(fullName: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = fullName.split('/')
  return { owner, repo }
}
