/**
 * What stands in the repository with the organisation's layer about variants that are on offer here: out of the ledger alone, as
 * `purser review` has nothing else.
 */
import type { Configuration } from '../../core/config/configuration.ts'
import { ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import { windowOf } from '../../core/promotion/evidence.ts'
import { decideTrial, isWorse } from '../../core/promotion/promotion.ts'
import type { Unproposed } from '../../core/text/unproposed.ts'
import type { Checkpoint, PrismaClient, Promotion, Repository } from '../../prisma/client/client.ts'
import { storedMeasures } from '../ledger/look.ts'
import { membersOf } from '../ledger/members.ts'
import { beforeSchema } from './before.ts'

export interface Below {
  readonly prisma: PrismaClient
  readonly configuration: Configuration
  readonly repository: { readonly id: bigint; readonly owner: string }
}

/** What came to a decision there and has no issue: GitHub lets the App write nothing there, or it would have one. */
export async function unproposedAbove(below: Below, now: Date): Promise<readonly Unproposed[]> {
  const { prisma, configuration, repository } = below
  if (ownedAbove(below).length === 0) return []
  const homes = await homesOf(below)
  const { from } = windowOf(configuration.promotion, now)
  const repositoryIds = homes.map(({ id }) => id)
  const due = [...(await trialsDue(below, repositoryIds, from)), ...(await rollbacksDue(below, repositoryIds, from))]
  const unproposed: Unproposed[] = []
  for (const { decision, decidedAt, ...key } of due) {
    const opened = { ...key, decision, ...(decidedAt === undefined ? {} : { openedAt: { gte: decidedAt } }) }
    if ((await prisma.promotion.count({ where: opened })) > 0) continue
    // One that declares it otherwise has no part in it.
    const members = await membersOf(prisma, decision === 'rollback' ? { ...key, variant: null } : key)
    if (!members.some(({ repositoryId }) => repositoryId === repository.id)) continue
    const home = homes.find(({ id }) => id === key.repositoryId)
    const { family: workflow, variant } = key
    unproposed.push({ decision, workflow, variant, repository: `${repository.owner}/${home?.name}` })
  }
  return unproposed
}

const PROPOSALS_MAX = 30

/**
 * What waits for a decision there, the oldest first. Offers are left out: they are about another repository, which not everybody
 * here may know of.
 */
export async function openAbove(below: Below): Promise<readonly (Promotion & { repository: Repository })[]> {
  const owned = ownedAbove(below)
  if (owned.length === 0) return []
  const repositoryIds = (await homesOf(below)).map(({ id }) => id)
  const open = await below.prisma.promotion.findMany({
    where: {
      repositoryId: { in: repositoryIds },
      family: { in: owned.map(({ family }) => family) },
      decision: { not: 'offer' },
      state: 'open',
      issueNumber: { not: null },
    },
    orderBy: { openedAt: 'asc' },
    take: PROPOSALS_MAX,
    include: { repository: true },
  })
  return open.filter(({ decision, family, variant }) => {
    const isOfBaseline = decision === 'rollback' || decision === 'adopt'
    return owned.some((one) => one.family === family && one.variant === (isOfBaseline ? null : variant))
  })
}

interface Due {
  readonly repositoryId: bigint
  readonly family: string
  readonly variant: string
  readonly decision: Unproposed['decision']
  /** Of a rollback: when what it rolls back was merged. */
  readonly decidedAt?: Date
}

async function trialsDue(below: Below, repositoryIds: readonly bigint[], from: Date): Promise<readonly Due[]> {
  const variants = ownedAbove(below).flatMap(({ family, variant }) => (variant === null ? [] : [{ family, variant }]))
  if (variants.length === 0) return []
  const reached = await below.prisma.checkpoint.findMany({
    where: { repositoryId: { in: [...repositoryIds] }, at: { gte: from }, OR: variants },
    orderBy: [{ family: 'asc' }, { variant: 'asc' }, { settled: 'asc' }],
  })
  return [...Map.groupBy(reached, keyText).values()].flatMap((checkpoints) => {
    const [first] = checkpoints
    const { decision } = decideTrial(
      checkpoints.map((one) => ({ ...one, measures: storedMeasures.parse(one.measures) })),
    )
    if (!first || (decision !== 'promote' && decision !== 'sunset')) return []
    const { repositoryId, family, variant } = first
    return [{ repositoryId, family, variant, decision }]
  })
}

async function rollbacksDue(below: Below, repositoryIds: readonly bigint[], from: Date): Promise<readonly Due[]> {
  const families = ownedAbove(below).flatMap(({ family, variant }) => (variant === null ? [family] : []))
  const watched = await below.prisma.promotion.findMany({
    where: {
      repositoryId: { in: [...repositoryIds] },
      family: { in: families },
      decision: 'promote',
      state: 'merged',
      decidedAt: { gte: from },
    },
    orderBy: [{ family: 'asc' }, { variant: 'asc' }],
  })
  return watched.flatMap(({ repositoryId, family, variant, before, decidedAt }) => {
    const kept = beforeSchema.safeParse(before).data
    if (!kept || !isWorse(kept.watched) || decidedAt === null) return []
    return [{ repositoryId, family, variant, decision: 'rollback' as const, decidedAt }]
  })
}

function keyText({ repositoryId, family, variant }: Checkpoint): string {
  return `${repositoryId} ${family}/${variant}`
}

/** What the organisation's layer declares of what is on offer here: baselines, by null, and variants. */
function ownedAbove({ configuration }: Below): readonly { readonly family: string; readonly variant: string | null }[] {
  return [...configuration.families.values()].flatMap((family) =>
    [{ name: null, layer: family.layer }, ...family.variants.values()].flatMap(({ name, layer }) =>
      layer === 'organisation' ? [{ family: family.name, variant: name }] : [],
    ),
  )
}

function homesOf({ prisma, repository: { id, owner } }: Below) {
  return prisma.repository.findMany({
    where: { owner, name: { in: [...ORGANISATION_REPOSITORIES] }, id: { not: id } },
  })
}
