/** Everything that a promotion issue shows, read back from the ledger: anybody can recompute the decision from it. */
import { weakenedGuards } from '../core/config/overlay.ts'
import type { Window } from '../core/evidence.ts'
import type { CheckpointView, CountedRun, PromotionView, Side } from '../core/text/promotion-issue.ts'
import type { Run } from '../prisma/client/client.ts'
import type { Declared } from './configuration.ts'
import { storedMeasures, trialWindow, type VariantTrial } from './ledger/look.ts'
import { storedPlan } from './ledger/stored.ts'
import { tally } from './ledger/tally.ts'
import type { TrialKey } from './ledger/trial.ts'
import type { Parts } from './parts.ts'
import type { Place } from './place.ts'
import { siteOf } from './show/urls.ts'

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
  const { family, variant, repositoryId } = trial
  const found = configuration.families.get(family)
  const tried = found?.variants.get(variant)
  if (!found || !tried) return undefined
  const { promotion } = configuration
  const window = await trialWindow(parts.prisma, trial, promotion, parts.now())
  return {
    decision,
    workflow: family,
    variant,
    summary: tried.overlay.summary,
    squad: tried.overlay.squad,
    windowDays: promotion.window.days,
    variantSide: await sideOf(parts, place, trial, window),
    baselineSide: await sideOf(parts, place, { repositoryId, family, variant: null }, window),
    checkpoints: await lastCheckpoints(parts, trial),
    sunsetBelowBasisPoints: promotion.sunset['accepted-below'],
    weakened: weakenedGuards(found.baseline, tried.workflow),
    overlaySource: tried.source,
    overlay: { layer: tried.layer, file: tried.file },
    configSha,
  }
}

/** What a side did within the window, newest first. */
export async function sideOf(parts: Parts, place: Place, trial: TrialKey, window: Window): Promise<Side> {
  const { repositoryId, family, variant } = trial
  const runs = await parts.prisma.run.findMany({
    where: {
      repositoryId,
      family,
      variant,
      endedAt: { gte: window.from, lte: window.to },
      outcome: { not: 'pending' },
    },
    orderBy: { endedAt: 'desc' },
    take: RUNS_MAX,
  })
  return {
    tally: await tally(parts.prisma, trial, window),
    runs: runs.map((run) => countedRun(parts, place, run)),
  }
}

function countedRun(parts: Parts, place: Place, run: Run): CountedRun {
  const { subject } = storedPlan(run)
  const site = siteOf(parts, place)
  const { number } = subject
  return {
    runId: run.id,
    subject: number === undefined ? subject.headSha.slice(0, 7) : `#${number}`,
    subjectUrl: number === undefined ? `${site}/commit/${subject.headSha}` : `${site}/issues/${number}`,
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
