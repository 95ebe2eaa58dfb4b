/** Everything that a promotion issue shows, read back from the ledger: anybody can recompute the decision from it. */
import { weakenedGuards } from '../../core/config/overlay.ts'
import { type Window, windowOf } from '../../core/promotion/evidence.ts'
import { poolSides, type Sides } from '../../core/promotion/pooled.ts'
import type { CheckpointView, CountedRun, PromotionView, Side } from '../../core/text/promotion-issue.ts'
import type { RepositoryRow } from '../../core/text/repositories-table.ts'
import type { Prisma } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import { storedMeasures, type VariantTrial } from '../ledger/look.ts'
import { type Member, membersOf } from '../ledger/members.ts'
import { shareOf } from '../ledger/pooled.ts'
import { type Side as Counts, tallyOver } from '../ledger/tally.ts'
import type { Parts } from '../parts.ts'
import { siteOf } from '../show/urls.ts'
import { fullNameOf, type Place } from '../subject/place.ts'

/** Runs of one side that are read for an issue; it says when there are more. */
const RUNS_MAX = 300

/** `undefined` when the variant is not in the catalog any more. */
export async function evidenceOf(
  parts: Parts,
  place: Place,
  declared: Declared,
  trial: VariantTrial,
  decision: PromotionView['decision'],
): Promise<PromotionView | undefined> {
  const { configuration, configSha } = declared
  const { family, variant } = trial
  const found = configuration.families.get(family)
  const tried = found?.variants.get(variant)
  if (!found || !tried) return undefined
  const { promotion } = configuration
  const window = windowOf(promotion, parts.now())
  const members = await membersOf(parts.prisma, trial)
  return {
    decision,
    workflow: family,
    variant,
    summary: tried.overlay.summary,
    squad: tried.overlay.squad,
    windowDays: promotion.window.days,
    variantSide: await sideOf(parts, place, trial, members, window),
    baselineSide: await sideOf(parts, place, { family, variant: null }, members, window),
    repositories: members.length === 1 ? [] : await rowsOf(parts, place, trial, members, window),
    repository: fullNameOf(place),
    checkpoints: await lastCheckpoints(parts, trial),
    sunsetBelowBasisPoints: promotion.sunset['accepted-below'],
    weakened: weakenedGuards(found.baseline, tried.workflow),
    overlaySource: tried.source,
    overlay: { layer: tried.layer, file: tried.file },
    configSha,
  }
}

/** Repositories that have runs of either side within the window. */
async function rowsOf(parts: Parts, place: Place, side: Counts, members: readonly Member[], window: Window) {
  const shares = await Promise.all(members.map((member) => shareOf(parts.prisma, side, member, window)))
  const counted = shares.filter(({ variant, baseline }) =>
    [variant, baseline].some(({ settled, unknown }) => settled + unknown > 0),
  )
  return namedShares(counted, place.repositoryId)
}

/** Who can read an issue may not be able to read every repository: of private ones only that which holds or makes it is named. */
export function namedShares(shares: readonly (Member & Sides)[], own: bigint): readonly RepositoryRow[] {
  const others = shares.filter((share) => !isNamed(share, own))
  const name = `${others.length} private ${others.length === 1 ? 'repository' : 'repositories'}`
  return [
    ...shares.filter((share) => isNamed(share, own)),
    ...(others.length === 0 ? [] : [{ ...poolSides(others), name }]),
  ]
}

function isNamed({ repositoryId, isPrivate }: Pick<Member, 'repositoryId' | 'isPrivate'>, own: bigint): boolean {
  return !isPrivate || repositoryId === own
}

/** What a side did within the window, newest first. Runs of repositories that can't be named are counted alone. */
export async function sideOf(
  parts: Parts,
  place: Place,
  { family, variant }: Counts,
  members: readonly Member[],
  window: Window,
): Promise<Side> {
  const runsOf = (of: readonly Member[]): Prisma.RunWhereInput => ({
    family,
    variant,
    outcome: { not: 'pending' },
    OR: of.map(({ repositoryId, since }) => ({
      repositoryId,
      endedAt: { gte: since && since > window.from ? since : window.from, lte: window.to },
    })),
  })
  const runs = await parts.prisma.run.findMany({
    where: runsOf(members.filter((member) => isNamed(member, place.repositoryId))),
    orderBy: { endedAt: 'desc' },
    take: RUNS_MAX,
    select: COUNTED,
  })
  const assigned = await parts.prisma.run.count({
    where: { AND: [runsOf(members), { outcome: { not: 'unknown' }, assignment: 'assigned' }] },
  })
  const names = new Map(members.map(({ repositoryId, name }) => [repositoryId, name]))
  return {
    tally: await tallyOver(parts.prisma, { family, variant }, members, window),
    assigned,
    runs: runs.map((run) => countedRun(parts, place, run, names.get(run.repositoryId) ?? '')),
  }
}

/** What is shown of a run. Its plan is longer than all of this, and there may be hundreds of runs. */
const COUNTED = {
  id: true,
  repositoryId: true,
  headSha: true,
  endedAt: true,
  createdAt: true,
  spentMicroUsd: true,
  outcome: true,
  outcomeRule: true,
  reverted: true,
  assignment: true,
  session: { select: { subjectNumber: true } },
} as const satisfies Prisma.RunSelect
type Counted = Prisma.RunGetPayload<{ select: typeof COUNTED }>

/** `repository`: whose run it is, of the same owner. */
function countedRun(parts: Parts, place: Place, run: Counted, repository: string): CountedRun {
  const { headSha } = run
  const number = run.session.subjectNumber
  const isOwn = run.repositoryId === place.repositoryId
  const site = isOwn ? siteOf(parts, place) : `${parts.siteUrl}/${place.name.owner}/${repository}`
  const own = number === null ? headSha.slice(0, 7) : `#${number}`
  return {
    runId: run.id,
    subject: isOwn ? own : `${repository}${number === null ? '@' : ''}${own}`,
    subjectUrl: number === null ? `${site}/commit/${headSha}` : `${site}/issues/${number}`,
    day: (run.endedAt ?? run.createdAt).toISOString().slice(0, 10),
    spentMicroUsd: run.spentMicroUsd,
    outcome: run.outcome === 'pending' ? 'unknown' : run.outcome,
    rule: run.outcomeRule ?? '',
    reverted: run.reverted,
    by: run.assignment === 'assigned' ? 'assignment' : 'choice',
  }
}

async function lastCheckpoints(parts: Parts, trial: VariantTrial): Promise<readonly CheckpointView[]> {
  const { repositoryId, family, variant } = trial
  const deciding = await parts.prisma.checkpoint.findMany({
    where: { repositoryId, family, variant },
    orderBy: { settled: 'asc' },
  })
  return deciding.map(({ settled, at, measures }) => ({
    settled,
    day: at.toISOString().slice(0, 10),
    measures: storedMeasures.parse(measures),
  }))
}
