/** The machine that a job runs on: its clock, whether it stands still, and whether the process on it lives. */
import type { Act } from './agenda.ts'
import type { World } from './world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const CRASH_IN_THOUSAND = 9
const PAUSE_IN_THOUSAND = 6

export class Machine {
  readonly #world: World
  /** How many times as fast its clock runs. */
  readonly #clockPercent: number
  #isAlive = true
  #pausedUntilMs = 0
  #restedMs = 0

  constructor(world: World) {
    this.#world = world
    this.#clockPercent = world.random.chance(100) ? world.random.between(20, 500) : 100
  }

  /** Of the process; the machine may live on. */
  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Whether the process has died by now; it may do so here. `whenCrashed` is called once. */
  crashes(point: string, whenCrashed: () => void): boolean {
    if (!this.#isAlive) return true
    if (!this.#world.random.chance(CRASH_IN_THOUSAND)) return false
    this.#world.counts.add(`crash runner ${point}`)
    this.#isAlive = false
    whenCrashed()
    return true
  }

  /** Its own monotonic clock: fast or slow, and at rest while the machine stands still. */
  clockMs(): number {
    return Math.floor((this.#world.agenda.nowMs * this.#clockPercent) / 100) - this.#restedMs
  }

  /** Between the two delays, unless the whole machine stands still first. */
  later(leastMs: number, mostMs: number, act: Act): void {
    const { random, counts, agenda } = this.#world
    if (random.chance(PAUSE_IN_THOUSAND)) {
      counts.add('fault paused')
      const restMs = random.between(MINUTE_MS, random.chance(700) ? 10 * MINUTE_MS : 28 * HOUR_MS)
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, agenda.nowMs + restMs)
      this.#restedMs += restMs
    }
    this.plan(random.between(leastMs, mostMs), act)
  }

  /** Nothing happens here while the machine stands still. */
  plan(delayMs: number, act: Act): void {
    const { agenda } = this.#world
    agenda.plan(delayMs, async () => {
      const restMs = this.#pausedUntilMs - agenda.nowMs
      if (restMs > 0) this.plan(restMs, act)
      else await act()
    })
  }
}
