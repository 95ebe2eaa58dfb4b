/**
 * A family's decisions, recomputed from its runs. The one rule of how a trial is looked at stands here:
 *
 * 1. The variant's settled runs are ordered by the moment they ended, and by their id where that is the same. Each
 *    `runs`-th of them, counted from the first there ever was, is a checkpoint.
 * 2. A checkpoint looks at the window that ends with that run: at all runs of the variant and of the baseline that ended in
 *    the `days` times 24 hours up to then, both ends included; of the variant's that ended at the same moment, up to that
 *    run. So it looks at the same runs whoever asks, and whenever: time passing is no second chance.
 * 3. It looks at their outcomes as they are now. One that is decided late, or again, is seen by every checkpoint it
 *    belongs to, as if it had been so from the start; where it makes a run settled, later checkpoints move up by one run.
 * 4. The last two checkpoints decide. One that was reached more than a window ago decides nothing any more.
 * 5. Runs that never started count nowhere, nor do those that end after `now`. Where one of the two sides was declared
 *    anew, the trial begins then, for both sides.
 */
import type { PromotionFile } from '../config/promotion.ts'
import type { RunRecord } from '../run/run-record.ts'
import { type Evaluation, evaluateTrial } from './measure.ts'
import { type Checkpoint, type Decided, decideTrial } from './promotion.ts'
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

/** A look at a trial with what it looked at. */
export interface Look extends Checkpoint {
  /** The settled run that reached it, and when that ended. */
  readonly run: string
  readonly at: Date
  readonly variant: Tally
  readonly baseline: Tally
}

export interface VariantEvidence extends Decided {
  readonly variant: string
  /** Where its window begins that ends now. */
  readonly from: Date
  /** That window, whether or not now is a checkpoint. */
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

/** `records`: any, in any order; each run once. `since`: of the variants whose trial began anew; after `now` it had not yet. */
export function decideFamily(
  family: string,
  records: Iterable<RunRecord>,
  promotion: PromotionFile,
  now: Date,
  since: ReadonlyMap<string, Date> = new Map(),
): FamilyEvidence {
  const { baseline, tried } = sidesOf(family, records, now)
  const trials = [...tried].map(([variant, all]): Trial => {
    const anew = since.get(variant)
    const began = anew !== undefined && anew <= now ? anew : undefined
    const runs = began === undefined ? all : all.filter(({ endedAt }) => endedAt >= began)
    const window = windowOf(promotion, now, began)
    const looks = sightings(runs, promotion, window.from).slice(-CHECKPOINTS_MAX)
    return { variant, began, window, runs, looks }
  })
  // One walk along the baseline serves all trials that began at one moment, which are nearly always all of them.
  const variants = [...Map.groupBy(trials, ({ began }) => began?.getTime())].flatMap(([, together]) => {
    const [{ began, window } = { began: undefined, window: windowOf(promotion, now) }] = together
    const runs = began === undefined ? baseline : baseline.filter(({ endedAt }) => endedAt >= began)
    const moments = together.flatMap(({ looks }) => looks.map(({ at }) => at))
    const standard = { now: tallyRuns(within(runs, window)), upTo: talliesUpTo(runs, promotion, moments) }
    return together.map((trial) => evidenceOf(trial, promotion, standard))
  })
  variants.sort((one, other) => compare(one.variant, other.variant))
  return { family, window: windowOf(promotion, now), variants }
}

interface Trial {
  readonly variant: string
  readonly began: Date | undefined
  readonly window: Window
  readonly runs: readonly RunRecord[]
  readonly looks: readonly Sighting[]
}

interface Standard {
  readonly now: Tally
  /** The window that ends at a moment, by its milliseconds. */
  readonly upTo: ReadonlyMap<number, Tally>
}

function evidenceOf(
  { variant, window, runs, looks }: Trial,
  promotion: PromotionFile,
  standard: Standard,
): VariantEvidence {
  const checkpoints = looks.map((look): Look => {
    const baseline = standard.upTo.get(look.at.getTime()) ?? tallyRuns([])
    return { ...look, ...evaluateTrial(promotion, look.variant, baseline), baseline }
  })
  const current = within(runs, window)
  const whole = tallyRuns(current)
  return {
    variant,
    from: window.from,
    ...decideTrial(checkpoints),
    now: {
      ...evaluateTrial(promotion, whole, standard.now),
      variant: whole,
      chosen: tallyRuns(current.filter(({ assigned }) => !assigned)),
      assigned: tallyRuns(current.filter(({ assigned }) => assigned)),
      baseline: standard.now,
    },
    checkpoints,
  }
}

interface Sides {
  readonly baseline: RunRecord[]
  readonly tried: Map<string, RunRecord[]>
}

/** The runs that count, in order. */
function sidesOf(family: string, records: Iterable<RunRecord>, now: Date): Sides {
  const baseline: RunRecord[] = []
  const tried = new Map<string, RunRecord[]>()
  for (const record of records) {
    if (record.family !== family) continue
    const side = record.variant === null ? baseline : (tried.get(record.variant) ?? [])
    if (record.variant !== null) tried.set(record.variant, side)
    if (counts(record) && record.endedAt <= now) side.push(record)
  }
  for (const side of [baseline, ...tried.values()]) side.sort(inOrder)
  return { baseline, tried }
}

function counts({ conclusion, outcome }: RunRecord): boolean {
  return conclusion !== 'refused' && outcome !== 'pending'
}

function within(runs: readonly RunRecord[], { from, to }: Window): readonly RunRecord[] {
  return runs.filter(({ endedAt }) => endedAt >= from && endedAt <= to)
}

function inOrder(one: RunRecord, other: RunRecord): number {
  return one.endedAt.getTime() - other.endedAt.getTime() || compare(one.run, other.run)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

type Sighting = Pick<Look, 'settled' | 'run' | 'at' | 'variant'>

/** The checkpoints reached since `from`, oldest first, without what they say beside the baseline. */
function sightings(runs: readonly RunRecord[], promotion: PromotionFile, from: Date): readonly Sighting[] {
  const looks: Sighting[] = []
  const count = new Sliding(runs, promotion)
  let settled = 0
  for (const [index, { run, endedAt: at, outcome }] of runs.entries()) {
    if (isSettled(outcome)) settled += 1
    if (!isSettled(outcome) || settled % promotion.promote.runs !== 0 || at < from) continue
    looks.push({ settled, run, at, variant: count.upTo(at, index + 1) })
  }
  return looks
}

/** Of the windows that end at these moments, by their milliseconds. */
function talliesUpTo(
  runs: readonly RunRecord[],
  promotion: PromotionFile,
  moments: readonly Date[],
): ReadonlyMap<number, Tally> {
  const count = new Sliding(runs, promotion)
  const inTurn = [...new Set(moments.map((moment) => moment.getTime()))].sort((one, other) => one - other)
  return new Map(inTurn.map((at) => [at, count.upTo(new Date(at))]))
}

/** Counts windows that end later and later, in one walk along the runs. */
class Sliding {
  readonly #runs: readonly RunRecord[]
  readonly #promotion: PromotionFile
  readonly #count = new Count()
  #first = 0
  #next = 0

  constructor(runs: readonly RunRecord[], promotion: PromotionFile) {
    this.#runs = runs
    this.#promotion = promotion
  }

  /** The window that ends at `at`, and before the run at the index `end` where several ended then. */
  upTo(at: Date, end = this.#runs.length): Tally {
    const { from } = windowOf(this.#promotion, at)
    for (let run = this.#runs[this.#next]; run && this.#next < end && run.endedAt <= at; run = this.#runs[this.#next]) {
      this.#count.add(run)
      this.#next += 1
    }
    for (let run = this.#runs[this.#first]; run && run.endedAt < from; run = this.#runs[this.#first]) {
      this.#count.remove(run)
      this.#first += 1
    }
    return this.#count.tally()
  }
}
