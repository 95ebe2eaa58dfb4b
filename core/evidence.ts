/**
 * A family's decisions, recomputed from its runs. The one rule of how a trial is looked at stands here:
 *
 * 1. Only runs count that ended within the window, `days` times 24 hours up to `now`, both ends included. What ended before
 *    or later changes nothing, not even the counting of checkpoints. Runs that never started count nowhere. Where one of
 *    the two sides was declared anew within the window, the trial's window begins then, for both sides.
 * 2. The variant's runs are ordered by the moment they ended, and by their id where that is the same. Each `runs`-th
 *    settled one of them is a checkpoint.
 * 3. A checkpoint looks at the variant's runs up to and including that one, and at the baseline's that ended no later.
 * 4. It looks at their outcomes as they are now. One that is decided late, or again, is seen by every checkpoint it
 *    belongs to, as if it had been so from the start.
 */
import type { PromotionFile } from './config/promotion.ts'
import { type Evaluation, evaluateTrial } from './measure.ts'
import { type Checkpoint, type Decided, decideTrial } from './promotion.ts'
import type { RunRecord } from './run-record.ts'
import { Count, isSettled, type Tally, tallyRuns } from './tally.ts'

/** Of a trial that has more checkpoints, the newest are told. Two decide. */
export const CHECKPOINTS_MAX = 20
const DAY_MS = 86_400_000

export interface Window {
  readonly from: Date
  readonly to: Date
}

/** `since`: when a side of the trial was declared anew. */
export function windowOf({ window }: PromotionFile, now: Date, since?: Date | null): Window {
  const from = new Date(now.getTime() - window.days * DAY_MS)
  return { from: since && since > from ? since : from, to: now }
}

/** A look at a trial with what it was taken of. */
export interface Look extends Checkpoint {
  /** The settled run that reached it, and when that ended. */
  readonly run: string
  readonly at: Date
  readonly variant: Tally
  readonly baseline: Tally
}

export interface VariantEvidence extends Decided {
  readonly variant: string
  /** Where its window begins. */
  readonly from: Date
  /** The whole window as it is now, whether or not this is a checkpoint. */
  readonly now: Evaluation & {
    readonly variant: Tally
    /** The variant's runs again, apart by how they came to it. */
    readonly chosen: Tally
    readonly assigned: Tally
    readonly baseline: Tally
  }
  /** Oldest first. */
  readonly checkpoints: readonly Look[]
}

export interface FamilyEvidence {
  readonly family: string
  readonly window: Window
  /** By name. A variant is told of even where none of its runs count. */
  readonly variants: readonly VariantEvidence[]
}

/** `records`: any, in any order; each run once. `since`: of the variants whose trial began anew. */
export function decideFamily(
  family: string,
  records: Iterable<RunRecord>,
  promotion: PromotionFile,
  now: Date,
  since: ReadonlyMap<string, Date> = new Map(),
): FamilyEvidence {
  const window = windowOf(promotion, now)
  const { baseline, tried } = sidesOf(family, records, window)
  const trials = [...tried].map(([variant, all]): Trial => {
    const { from } = windowOf(promotion, now, since.get(variant))
    const runs = all.filter(({ endedAt }) => endedAt >= from)
    return { variant, from, runs, looks: looksAt(runs, promotion.promote.runs) }
  })
  // One walk along the baseline serves all trials that began at one moment, which are nearly always all of them.
  const variants = [...Map.groupBy(trials, ({ from }) => from.getTime())].flatMap(([from, together]) => {
    const runs = baseline.filter(({ endedAt }) => endedAt.getTime() >= from)
    const moments = together.flatMap(({ looks }) => looks.map(({ at }) => at))
    const standard = { whole: tallyRuns(runs), endedBy: talliesAt(runs, moments) }
    return together.map((trial) => evidenceOf(trial, promotion, standard))
  })
  return { family, window, variants: variants.sort((one, other) => compare(one.variant, other.variant)) }
}

interface Trial {
  readonly variant: string
  readonly from: Date
  readonly runs: readonly RunRecord[]
  readonly looks: readonly Sighting[]
}

interface Standard {
  readonly whole: Tally
  /** By the milliseconds of the moment. */
  readonly endedBy: ReadonlyMap<number, Tally>
}

function evidenceOf(
  { variant, from, runs, looks }: Trial,
  promotion: PromotionFile,
  standard: Standard,
): VariantEvidence {
  const checkpoints = looks.map((look): Look => {
    const baseline = standard.endedBy.get(look.at.getTime()) ?? tallyRuns([])
    return { ...look, ...evaluateTrial(promotion, look.variant, baseline), baseline }
  })
  const whole = tallyRuns(runs)
  return {
    variant,
    from,
    ...decideTrial(checkpoints),
    now: {
      ...evaluateTrial(promotion, whole, standard.whole),
      variant: whole,
      chosen: tallyRuns(runs.filter(({ assigned }) => !assigned)),
      assigned: tallyRuns(runs.filter(({ assigned }) => assigned)),
      baseline: standard.whole,
    },
    checkpoints,
  }
}

interface Sides {
  readonly baseline: RunRecord[]
  readonly tried: Map<string, RunRecord[]>
}

/** The runs that count, in order. */
function sidesOf(family: string, records: Iterable<RunRecord>, window: Window): Sides {
  const baseline: RunRecord[] = []
  const tried = new Map<string, RunRecord[]>()
  for (const record of records) {
    if (record.family !== family) continue
    const side = record.variant === null ? baseline : (tried.get(record.variant) ?? [])
    if (record.variant !== null) tried.set(record.variant, side)
    if (counts(record, window)) side.push(record)
  }
  for (const side of [baseline, ...tried.values()]) side.sort(inOrder)
  return { baseline, tried }
}

function counts({ endedAt, conclusion, outcome }: RunRecord, { from, to }: Window): boolean {
  return conclusion !== 'refused' && outcome !== 'pending' && endedAt >= from && endedAt <= to
}

function inOrder(one: RunRecord, other: RunRecord): number {
  return one.endedAt.getTime() - other.endedAt.getTime() || compare(one.run, other.run)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

type Sighting = Pick<Look, 'settled' | 'run' | 'at' | 'variant'>

/** The newest checkpoints, oldest first, without what they say beside the baseline. */
function looksAt(runs: readonly RunRecord[], distance: number): readonly Sighting[] {
  const looks: Sighting[] = []
  const count = new Count()
  let settled = 0
  for (const record of runs) {
    count.add(record)
    if (!isSettled(record.outcome)) continue
    settled += 1
    if (settled % distance !== 0) continue
    looks.push({ settled, run: record.run, at: record.endedAt, variant: count.tally() })
    if (looks.length > CHECKPOINTS_MAX) looks.shift()
  }
  return looks
}

/** What had ended by each of these moments, by its milliseconds. */
function talliesAt(runs: readonly RunRecord[], moments: readonly Date[]): ReadonlyMap<number, Tally> {
  const tallies = new Map<number, Tally>()
  const count = new Count()
  let next = 0
  for (const at of [...new Set(moments.map((moment) => moment.getTime()))].sort((one, other) => one - other)) {
    for (let run = runs[next]; run !== undefined && run.endedAt.getTime() <= at; run = runs[next]) {
      count.add(run)
      next += 1
    }
    tallies.set(at, count.tally())
  }
  return tallies
}
