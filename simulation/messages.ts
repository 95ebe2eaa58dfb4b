/** The way between a job or an App and the ledger: what is sent may be lost, late, there twice, or never be answered. */
import type { World } from './world.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

const LOST_IN_THOUSAND = 15
const DELAYED_IN_THOUSAND = 10
const TWICE_IN_THOUSAND = 25
const UNANSWERED_IN_THOUSAND = 15
/** The App dies over it: before anything was done, or when it was done and nothing said. */
const APP_CRASH_IN_THOUSAND = 4

/**
 * Sends a message; undefined when no answer comes, whether or not it had arrived. What is delayed or there twice
 * overtakes nothing and is overtaken by all that is sent meanwhile.
 */
export async function send<T>(world: World, arrives: () => Promise<T>): Promise<T | undefined> {
  const { random, counts } = world
  const happens = (what: string, inThousand: number) => {
    if (!random.chance(inThousand)) return false
    counts.add(what)
    return true
  }
  if (happens('fault lost', LOST_IN_THOUSAND)) return undefined
  if (happens('crash app before', APP_CRASH_IN_THOUSAND)) return undefined
  if (happens('fault delayed', DELAYED_IN_THOUSAND)) {
    later(world, arrives)
    return undefined
  }
  if (happens('fault twice', TWICE_IN_THOUSAND)) later(world, arrives)
  const answer = await arrives()
  if (happens('crash app after', APP_CRASH_IN_THOUSAND)) return undefined
  return happens('fault unanswered', UNANSWERED_IN_THOUSAND) ? undefined : answer
}

/** Mostly within seconds, now and then only after the lease, or the next day. */
function later(world: World, arrives: () => Promise<unknown>): void {
  const { random } = world
  const most = random.chance(700) ? 20 * SECOND_MS : random.chance(800) ? HOUR_MS : 26 * HOUR_MS
  world.agenda.plan(random.between(1, most), async () => {
    await arrives()
  })
}
