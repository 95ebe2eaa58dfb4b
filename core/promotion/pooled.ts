/**
 * A trial over all repositories of an organisation that declare the same two sides: their counts are added up and held against
 * the same thresholds. A new workflow has nothing to be compared with, so the thresholds that compare do not ask of it.
 */
import type { PromotionFile } from '../config/promotion.ts'
import { type Evaluation, evaluateTrial, type Measure } from './measure.ts'
import type { Checkpoint } from './promotion.ts'
import { sumTallies, type Tally } from './tally.ts'

/** What one repository's window holds. */
export interface Sides {
  readonly variant: Tally
  /** Absent where a new workflow has no standard beside it. */
  readonly baseline?: Tally | undefined
}

export interface Share extends Sides {
  /** The variant's settled runs since its trial began there, which only grow. */
  readonly settledInAll: number
}

const COMPARING: ReadonlySet<Measure['threshold']> = new Set([
  'baseline-runs',
  'accepted-baseline',
  'spend-per-accepted',
  'reverted-baseline',
])
/** Two checkpoints in a row decide. */
const LOOKS_KEPT = 2

export function poolSides(all: readonly Sides[]): Sides {
  const baselines = all.flatMap(({ baseline }) => (baseline ? [baseline] : []))
  return {
    variant: sumTallies(all.map(({ variant }) => variant)),
    ...(baselines.length === 0 ? {} : { baseline: sumTallies(baselines) }),
  }
}

export function pool(shares: readonly Share[]): Share {
  return {
    ...poolSides(shares),
    settledInAll: shares.reduce((all, { settledInAll }) => all + settledInAll, 0),
  }
}

export function evaluatePool(promotion: PromotionFile, { variant, baseline }: Sides): Evaluation {
  const whole = evaluateTrial(promotion, variant, baseline ?? sumTallies([]))
  if (baseline !== undefined) return whole
  const measures = whole.measures.filter(({ threshold }) => !COMPARING.has(threshold))
  return { ...whole, measures, allHold: measures.every(({ holds }) => holds) }
}

/**
 * The looks that decide, with one more where the pooled settled runs have reached another multiple of `runs` since the last.
 * A look is taken once and stands: looking more often is no further chance.
 */
export function lookAtPool<Look extends Checkpoint>(
  looks: readonly Look[],
  promotion: PromotionFile,
  pooled: Share,
  noted: (checkpoint: Checkpoint) => Look,
): readonly Look[] {
  const { runs } = promotion.promote
  const settled = pooled.settledInAll - (pooled.settledInAll % runs)
  if (settled === 0 || settled <= (looks.at(-1)?.settled ?? 0)) return looks
  return [...looks, noted({ settled, ...evaluatePool(promotion, pooled) })].slice(-LOOKS_KEPT)
}
