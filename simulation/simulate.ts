/** One simulation from its seed to its figures. */
import { setImmediate as breathe } from 'node:timers/promises'
import { Companion } from './companion.ts'
import { type Figures, fail } from './invariants.ts'
import { InvariantBroken, type Violation } from './violation.ts'
import { type OpenLedger, World, type WorldOptions } from './world.ts'

const DAY_MS = 86_400_000
const PROGRESS_OPERATIONS = 1_000
/** Between two recounts of everything. */
const RECOUNT_OPERATIONS = 100_000
const SWEEPS_MAX = 10_000

export interface Broken extends Violation {
  readonly operation: number
  readonly lastEvents: readonly string[]
}

export interface Outcome extends Figures {
  readonly operations: number
  readonly accounts: number
  readonly crashes: number
  readonly counts: Readonly<Record<string, number>>
  /** Charged beyond a bound, and told to nobody who could have entered it. */
  readonly untoldMicroUsd: bigint
  readonly virtualDays: number
  readonly trace: string
  readonly broken?: Broken | undefined
}

export interface SimulationOptions extends WorldOptions {
  readonly operations: number
  readonly ledger: OpenLedger
  /** How many events happen at once; one after the other where the trace has to be the same. */
  readonly lanes?: number | undefined
  readonly recountOperations?: number | undefined
  readonly progress?: ((world: World) => void | Promise<void>) | undefined
  readonly cancelled?: (() => boolean) | undefined
  /** Others go on after this world: what it leaves is looked after by whoever ends last. */
  readonly othersGoOn?: boolean | undefined
  readonly progressOperations?: number | undefined
}

export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const world = new World(options, options.ledger)
  let broken: Broken | undefined
  try {
    await play(world, options)
  } catch (error) {
    broken = brokenBy(world, error)
  }
  return outcomeOf(world, broken)
}

async function play(world: World, options: SimulationOptions): Promise<void> {
  const { operations, recountOperations = RECOUNT_OPERATIONS, cancelled = () => false } = options
  const companion = new Companion(world)
  const lanes = new Lanes(world, options.lanes ?? 1)
  companion.open()
  let [reported, recounted] = [0, 0]
  try {
    while (world.operations < operations && !cancelled() && (await lanes.goOn())) {
      if (world.operations - reported >= (options.progressOperations ?? PROGRESS_OPERATIONS)) {
        reported = world.operations
        await options.progress?.(world)
        // Signals and messages from outside come in here; the world itself never lets go.
        await breathe()
      }
      if (world.operations - recounted >= recountOperations) {
        recounted = world.operations
        await recount(world)
      }
    }
    companion.close()
    while (await lanes.goOn()) {}
  } finally {
    await lanes.rest()
  }
  if (options.othersGoOn === true) return
  await quieten(world, companion)
  await recount(world)
  await countStuck(world)
}

/** So many events are under way at once; one that waits for somebody else's lock keeps only its own lane. */
class Lanes {
  readonly #world: World
  readonly #most: number
  readonly #underWay = new Set<Promise<void>>()

  constructor(world: World, most: number) {
    this.#world = world
    this.#most = most
  }

  /** Lets the next events happen until one has; says whether there were any. */
  async goOn(): Promise<boolean> {
    while (this.#underWay.size < this.#most) {
      const act = this.#world.agenda.next()
      if (act === undefined) break
      const happening = act().finally(() => this.#underWay.delete(happening))
      this.#underWay.add(happening)
    }
    if (this.#underWay.size === 0) return false
    await Promise.race(this.#underWay)
    return true
  }

  /** Resolves when nothing is under way, whatever becomes of it. */
  async rest(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }
}

/** Everybody has gone: leases run out, and what was never started is swept. */
async function quieten(world: World, companion: Companion): Promise<void> {
  world.agenda.plan(4 * DAY_MS, async () => {})
  world.agenda.next()
  for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) {
    const ended = await companion.sweep()
    if (ended.length === 0) return
  }
}

/** Everything from nothing. */
async function recount(world: World): Promise<void> {
  for await (const look of world.ledger.books.everything()) {
    world.check(look, (id) => world.truth.of(id))
  }
}

/** Holds that nobody will ever end. */
async function countStuck(world: World): Promise<void> {
  const stuck: string[] = []
  for await (const look of world.ledger.books.everything()) {
    stuck.push(...look.runs.filter(({ state }) => state !== 'ended').map(({ id }) => id))
  }
  world.invariants.figures.stuckHolds = stuck.length
  if (stuck.length > 0) fail('nothing-stuck', 'runs hold for ever', 0, stuck.length, stuck.slice(0, 1))
}

function brokenBy(world: World, error: unknown): Broken {
  const { figures } = world.invariants
  const violation: Violation =
    error instanceof InvariantBroken
      ? error.violation
      : {
          invariant: 'the-ledger-answers',
          says: 'an operation ended in an error',
          expected: 'an answer',
          found: error instanceof Error ? (error.stack ?? error.message) : String(error),
          subjects: [],
        }
  if (violation.invariant === 'false-refusal' || violation.invariant === 'hold-is-what-there-is') {
    figures.falseRefusals += 1
  }
  return { ...violation, operation: world.operations, lastEvents: world.trace.lastOf(violation.subjects) }
}

function outcomeOf(world: World, broken: Broken | undefined): Outcome {
  let untoldMicroUsd = 0n
  for (const [, truth] of world.truth.all()) if (!truth.told) untoldMicroUsd += truth.beyondMicroUsd
  return {
    ...world.invariants.figures,
    operations: world.operations,
    accounts: world.accountsSeen.size,
    crashes: world.counts.sum('crash '),
    counts: world.counts.all(),
    untoldMicroUsd,
    virtualDays: Math.round((world.agenda.nowMs - world.startMs) / DAY_MS),
    trace: world.trace.digest(),
    ...(broken === undefined ? {} : { broken }),
  }
}
