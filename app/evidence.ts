/** Everything that a promotion issue shows, read back from the ledger: anybody can recompute the decision from it. */
import { z } from 'zod'
import { writeYaml } from '../core/config/document.ts'
import type { Measure } from '../core/promotion.ts'
import type { CheckpointView, CountedRun, PromotionView, Side } from '../core/text/promotion-issue.ts'
import type { Run } from '../prisma/client/client.ts'
import type { Declared } from './configuration.ts'
import { storedPlan } from './ledger/stored.ts'
import { type TrialKey, tally } from './ledger/trial.ts'
import type { Parts } from './parts.ts'
import type { Place } from './place.ts'
import type { Proposal, VariantTrial } from './promotion.ts'
import { siteOf } from './show/urls.ts'
import { windowStart } from './trial.ts'

/** Runs of one side that are read for an issue; it says when there are more. */
const RUNS_MAX = 300
const CHECKPOINTS_SHOWN = 2

/** `undefined` when the variant is not in the catalog any more. */
export async function evidenceOf(
  parts: Parts,
  place: Place,
  declared: Declared,
  trial: VariantTrial,
  decision: Proposal,
): Promise<PromotionView | undefined> {
  const { configuration, configSha } = declared
  const { family, variant, repositoryId } = trial
  const found = configuration.families.get(family)
  const tried = found?.variants.get(variant)
  if (!found || !tried) return undefined
  const { promotion } = configuration
  const start = windowStart(parts.now(), promotion.window.days)
  return {
    decision,
    workflow: family,
    variant,
    summary: tried.overlay.summary,
    squad: tried.overlay.squad,
    windowDays: promotion.window.days,
    variantSide: await sideOf(parts, place, trial, start),
    baselineSide: await sideOf(parts, place, { repositoryId, family, variant: null }, start),
    checkpoints: await lastCheckpoints(parts, trial),
    sunsetBelowBasisPoints: promotion.sunset['accepted-below'],
    overlaySource: tried.source,
    overlay: { layer: tried.layer, file: tried.file },
    baseline: { layer: found.layer, file: found.file },
    mergedSource: writeYaml(tried.merged),
    promptFiles: tried.promptFiles,
    configSha,
  }
}

async function sideOf(parts: Parts, place: Place, trial: TrialKey, start: Date): Promise<Side> {
  const { repositoryId, family, variant } = trial
  const from = new Date(`${start.toISOString().slice(0, 10)}T00:00:00Z`)
  const runs = await parts.prisma.run.findMany({
    where: { repositoryId, family, variant, endedAt: { gte: from }, outcome: { not: 'pending' } },
    orderBy: { endedAt: 'desc' },
    take: RUNS_MAX,
  })
  return {
    tally: await tally(parts.prisma, trial, start),
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

const thresholds = [
  'runs',
  'baseline-runs',
  'subjects',
  'accepted',
  'accepted-baseline',
  'spend-per-accepted',
  'unknown',
  'reverted',
  'reverted-baseline',
] as const satisfies readonly Measure['threshold'][]

const measuresSchema = z.array(
  z
    .object({
      threshold: z.enum(thresholds),
      required: z.string(),
      measured: z.string().optional(),
      holds: z.boolean(),
    })
    .transform((measure): Measure => ({ ...measure, measured: measure.measured })),
)

async function lastCheckpoints(parts: Parts, trial: VariantTrial): Promise<readonly CheckpointView[]> {
  const { repositoryId, family, variant } = trial
  const newest = await parts.prisma.checkpoint.findMany({
    where: { repositoryId, family, variant },
    orderBy: { settled: 'desc' },
    take: CHECKPOINTS_SHOWN,
  })
  return newest.reverse().map(({ settled, at, measures }) => ({
    settled,
    day: at.toISOString().slice(0, 10),
    measures: measuresSchema.parse(measures),
  }))
}
