/**
 * The repositories whose runs one trial counts. A repository's own trial counts its own. What an organisation's layer declares
 * is tried in every repository that declares exactly the same, by digest, and is one trial: that of the repository with the layer.
 */
import { ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'
import { keyOf, type TrialKey } from './trial.ts'

export interface Member {
  readonly repositoryId: bigint
  readonly name: string
  readonly isPrivate: boolean
  /** When a side of the trial was found to be declared anew there: runs count from then. */
  readonly since?: Date | undefined
}

/** Repositories that are counted; a larger organisation's evidence is that of its first ones. */
export const MEMBERS_MAX = 200

type Client = PrismaClient | Prisma.TransactionClient
type MemberRow = { readonly id: bigint; readonly name: string; readonly private: boolean; readonly since: Date | null }

/** `trial.variant` is null where the baseline alone is looked at. */
export async function membersOf(prisma: Client, trial: TrialKey): Promise<readonly Member[]> {
  const { repositoryId, family, variant } = keyOf(trial)
  const side = (name: string) => Prisma.sql`repository_id = one.id AND family = ${family} AND variant = ${name}`
  const rows = await prisma.$queryRaw<MemberRow[]>`
    WITH home AS (SELECT * FROM repository WHERE id = ${repositoryId}),
    one AS (
      SELECT id, name, private FROM home
      UNION ALL
      SELECT other.id, other.name, other.private FROM home
      JOIN repository AS other ON other.owner = home.owner AND other.id <> home.id
      WHERE home.name IN (${Prisma.join(ORGANISATION_REPOSITORIES)})
    ),
    declared AS (
      SELECT one.*, own.definition AS own, standard.definition AS standard, greatest(own.since, standard.since) AS since
      FROM one
      LEFT JOIN LATERAL (SELECT definition, since FROM trial WHERE ${side(variant)}) AS own ON true
      LEFT JOIN LATERAL (SELECT definition, since FROM trial WHERE ${side('')}) AS standard ON true
    )
    SELECT id, name, private, since FROM declared
    WHERE id = ${repositoryId}
      OR (own, standard) = (SELECT own, standard FROM declared AS home WHERE home.id = ${repositoryId})
    ORDER BY id = ${repositoryId} DESC, id LIMIT ${MEMBERS_MAX}::int`
  return rows.map(({ id, name, private: isPrivate, since }) => ({
    repositoryId: id,
    name,
    isPrivate,
    since: since ?? undefined,
  }))
}
