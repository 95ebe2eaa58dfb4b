/**
 * One seeded story, told straight and told badly: shuffled, doubled and with three in ten deliveries missing. Real handlers on a
 * real database, and GitHub's stand-in; what is left at the end is compared, and must be the same.
 */
import { AssertionError, deepStrictEqual } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { hasTestServer, startTestServer } from '../test/app/database/server.ts'
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
  if (!(await hasTestServer())) return undefined
  const waves = Math.max(1, Math.ceil(deliveries / SENT_BY_WAVE))
  const [straight, badly] = await Promise.all([play('straight', waves, say), play('badly', waves, say)])
  const { happened, dropped, sent, seconds } = badly
  const isSame = isDeepStrictEqual(straight.state, badly.state)
  if (!isSame) say(differenceOf(badly.state, straight.state))
  return { happened, dropped, sent, seconds, isSame }
}

/** Whoever has waited for it for long wants to know what it is. */
function differenceOf(badly: unknown, straight: unknown): string {
  try {
    deepStrictEqual(badly, straight)
    return 'none'
  } catch (error) {
    if (error instanceof AssertionError) return error.message
    throw error
  }
}

type How = 'straight' | 'badly'

/** Each in a process of its own, as each waits for its database most of the time. */
async function play(how: How, waves: number, say: (text: string) => void): Promise<Told> {
  const child = fork(fileURLToPath(import.meta.url), [how, `${waves}`], { serialization: 'advanced' })
  let told: Told | undefined
  child.on('message', (message: Message) => {
    if ('told' in message) told = message.told
    else say(`${how}, ${message.said}`)
  })
  await once(child, 'exit')
  if (told === undefined) throw new Error(`the story was not told to its end: ${how}`)
  return told
}

type Message = { readonly said: string } | { readonly told: Told }

async function tell(how: How, waves: number): Promise<void> {
  const server = await startTestServer()
  if (server === undefined) throw new Error('there is no PostgreSQL server')
  const send = (message: Message) => process.send?.(message)
  const story = { ...WAVE, seed: SEED, waves, databaseUrl: server.url, say: (said: string) => send({ said }) }
  try {
    send({ told: await playStory(how === 'badly' ? { ...story, faults: FAULTS } : story) })
  } finally {
    await server.stop()
    process.disconnect?.()
  }
}

const [how, waves] = process.argv.slice(2)
if (process.send && (how === 'straight' || how === 'badly')) await tell(how, Number(waves))
