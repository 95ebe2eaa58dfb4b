/**
 * One seeded story, told straight and told badly: shuffled, doubled and with three in ten deliveries missing. Real handlers on a
 * real database, and GitHub's stand-in; what is left at the end is compared, and must be the same.
 */
import { isDeepStrictEqual } from 'node:util'
import { startTestServer } from '../test/app/database/server.ts'
import { playStory, type Told } from '../test/app/story.ts'

const SEED = 7
const FAULTS = { seed: 11, dropped: 300, doubled: 1_000 }
const WAVE = { pulls: 10, noise: 30 }
/** About what is sent in a wave of the story that is told badly. */
const SENT_BY_WAVE = 2_000

export interface DeliveriesBench {
  readonly happened: number
  readonly dropped: number
  readonly sent: number
  /** Of the deliveries that were sent badly. */
  readonly seconds: number
  readonly isSame: boolean
}

/** `deliveries`: at least so many are sent. Undefined where the machine has no PostgreSQL server. */
export async function measureDeliveries(
  deliveries: number,
  say: (text: string) => void,
): Promise<DeliveriesBench | undefined> {
  const story = { ...WAVE, seed: SEED, waves: Math.max(1, Math.ceil(deliveries / SENT_BY_WAVE)) }
  const straight = await onServer((databaseUrl) =>
    playStory({ ...story, databaseUrl, say: (text) => say(`straight, ${text}`) }),
  )
  const badly = await onServer((databaseUrl) =>
    playStory({ ...story, databaseUrl, faults: FAULTS, say: (text) => say(`badly, ${text}`) }),
  )
  if (straight === undefined || badly === undefined) return undefined
  const { happened, dropped, sent, seconds } = badly
  return { happened, dropped, sent, seconds, isSame: isDeepStrictEqual(straight.state, badly.state) }
}

async function onServer(play: (databaseUrl: string) => Promise<Told>): Promise<Told | undefined> {
  const server = await startTestServer()
  try {
    return server && (await play(server.url))
  } finally {
    await server?.stop()
  }
}
