/** When a variant is proposed as the standard or for sunset: what two checkpoints in a row say, with reasons. */
import type { Evaluation, Measure, Threshold } from './measure.ts'

/**
 * `promote`: proposed as the standard. `sunset`: proposed to leave the catalog. `reject`: the data are there and say no,
 * until a later checkpoint says otherwise. `not-yet`: data are missing, or the last two checkpoints disagree.
 */
export type Decision = 'promote' | 'not-yet' | 'reject' | 'sunset'

/** Why a decision is as it is: the whole list. Published codes never change their meaning. */
export const decisionReasons = {
  'held-twice': 'every threshold held at the last two checkpoints',
  'sunset-accepted-below': 'too few runs were accepted at the last two checkpoints',
  'first-checkpoint': 'only one checkpoint has been reached; two in a row decide',
  'checkpoints-differ': 'every threshold held at one of the last two checkpoints only',
  'too-few-runs': 'it has too few settled runs within the window',
  'baseline-too-few-runs': 'the baseline has too few settled runs to compare with',
  'too-few-subjects': 'its runs were on too few different subjects',
  'too-much-unknown': 'what became of too many of its runs is unknown',
  'no-data': 'a threshold has nothing to be measured on',
  'accepted-below': 'too small a share of its runs was accepted',
  'below-baseline': 'a smaller share of its runs was accepted than of the baseline’s',
  'too-dear': 'an accepted run costs too much beside the baseline’s',
  'reverted-too-often': 'too large a share of its work was reverted',
  'reverted-above-baseline': 'its work was reverted more than twice as often as the baseline’s',
} as const
export type DecisionReason = keyof typeof decisionReasons

/** A look at a trial. */
export interface Checkpoint extends Evaluation {
  /** The variant's settled runs that it looks at: a multiple of the threshold `runs`. */
  readonly settled: number
}

export interface Decided {
  readonly decision: Decision
  /** In the order of the list; never empty. */
  readonly reasons: readonly DecisionReason[]
}

/** How many checkpoints in a row decide. */
export const DECIDING = 2

/**
 * Decides by the last two checkpoints, given oldest first. Where rules are so written that both promotion and sunset hold,
 * promotion comes first: it is the one that asks a maintainer for more than a removal.
 */
export function decideTrial(checkpoints: readonly Checkpoint[]): Decided {
  const last = checkpoints.slice(-DECIDING)
  if (last.length === 0) return { decision: 'not-yet', reasons: ['too-few-runs'] }
  const failed = last.flatMap(({ measures }) => measures.filter(({ holds }) => !holds).map(shortfall))
  if (last.length < DECIDING) return { decision: 'not-yet', reasons: inOrder(['first-checkpoint', ...failed]) }
  if (last.every(({ allHold }) => allHold)) return { decision: 'promote', reasons: ['held-twice'] }
  if (last.every(({ sunsetHolds }) => sunsetHolds)) return { decision: 'sunset', reasons: ['sunset-accepted-below'] }
  if (last.some(({ allHold }) => allHold)) {
    return { decision: 'not-yet', reasons: inOrder(['checkpoints-differ', ...failed]) }
  }
  const isLacking = failed.some((reason) => lacking.has(reason))
  return { decision: isLacking ? 'not-yet' : 'reject', reasons: inOrder(failed) }
}

/** Whether a new baseline, looked at since its merge (oldest first), has done worse than the old one for so long that the way back is proposed. */
export function isWorse(watched: readonly { readonly worse: boolean }[]): boolean {
  const last = watched.slice(-DECIDING)
  return last.length === DECIDING && last.every(({ worse }) => worse)
}

/** What a threshold that does not hold comes to. */
function shortfall({ threshold, measured }: Measure): DecisionReason {
  return measured === undefined ? 'no-data' : shortfalls[threshold]
}

const shortfalls = {
  runs: 'too-few-runs',
  'baseline-runs': 'baseline-too-few-runs',
  subjects: 'too-few-subjects',
  accepted: 'accepted-below',
  'accepted-baseline': 'below-baseline',
  'spend-per-accepted': 'too-dear',
  unknown: 'too-much-unknown',
  reverted: 'reverted-too-often',
  'reverted-baseline': 'reverted-above-baseline',
} as const satisfies Record<Threshold, DecisionReason>

/** Data are missing: more of them may change the picture, so nothing is rejected for it. */
const lacking: ReadonlySet<DecisionReason> = new Set([
  'too-few-runs',
  'baseline-too-few-runs',
  'too-few-subjects',
  'too-much-unknown',
  'no-data',
])

function inOrder(reasons: readonly DecisionReason[]): readonly DecisionReason[] {
  const given = new Set<string>(reasons)
  return (Object.keys(decisionReasons) as DecisionReason[]).filter((reason) => given.has(reason))
}
