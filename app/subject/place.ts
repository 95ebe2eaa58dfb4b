/** The repository that an event or a job is about, with a client that may act there. */

import type { RepositoryName } from '../../delivery/github.ts'
import type { PrismaClient, Repository } from '../../prisma/client/client.ts'
import type { Octokit } from '../github.ts'
import type { Parts } from '../parts.ts'

export interface Place {
  readonly octokit: Octokit
  readonly repositoryId: bigint
  readonly name: RepositoryName
  readonly defaultBranch: string
  /** The login that GitHub shows what the App makes under. */
  readonly self: () => Promise<string>
}

/** What every webhook says of its repository. */
interface RepositoryPayload {
  readonly id: number
  readonly name: string
  readonly full_name: string
  readonly default_branch: string
  readonly private: boolean
}

/** Keeps the repository's row in step with what GitHub says of it now: names and default branches change. */
export async function noteRepository(
  prisma: PrismaClient,
  repository: RepositoryPayload,
  installationId: number,
): Promise<Repository> {
  const facts = {
    owner: repository.full_name.split('/')[0] ?? '',
    name: repository.name,
    installationId: BigInt(installationId),
    defaultBranch: repository.default_branch,
    private: repository.private,
    // It is the App that tells it.
    awaySince: null,
  }
  const id = BigInt(repository.id)
  const known = await prisma.repository.findUnique({ where: { id } })
  if (known && isSame(known, facts)) return known
  // From here on the sweep reads what GitHub shows of it.
  if (!known) await prisma.reading.createMany({ data: [{ repositoryId: id }], skipDuplicates: true })
  return prisma.repository.upsert({ where: { id }, create: { id, ...facts }, update: facts })
}

type RepositoryFacts = Pick<Repository, 'owner' | 'name' | 'installationId' | 'defaultBranch' | 'private' | 'awaySince'>

function isSame(known: RepositoryFacts, facts: RepositoryFacts): boolean {
  return (
    known.owner === facts.owner &&
    known.name === facts.name &&
    known.installationId === facts.installationId &&
    known.defaultBranch === facts.defaultBranch &&
    known.private === facts.private &&
    known.awaySince === facts.awaySince
  )
}

export function placeOf({ self }: Pick<Parts, 'self'>, octokit: Octokit, repository: Repository): Place {
  const { id, owner, name, defaultBranch } = repository
  return { octokit, repositoryId: id, name: { owner, repo: name }, defaultBranch, self }
}

export async function placeById(parts: Parts, repositoryId: bigint): Promise<Place> {
  const repository = await parts.prisma.repository.findUniqueOrThrow({ where: { id: repositoryId } })
  return placeOf(parts, await parts.octokitOf(repository.installationId), repository)
}

export function fullNameOf(place: Place): string {
  return `${place.name.owner}/${place.name.repo}`
}
