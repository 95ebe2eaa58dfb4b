/**
 * A seeded story on a stage of its own, whose webhooks reach the App as somebody chooses: straight, or shuffled, doubled and
 * with some of them missing. What is left of it at the end can be compared.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../../simulation/random.ts'
import type { Delivery } from '../world/contract.ts'
import { postWebhook } from './post-webhook.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, workOn } from './stage.ts'

const AT = { owner: OWNER, repo: REPO }
const SQUADS = `exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { usd: 500 }
  squads:
    payments: { paths: ['src/**'] }
`
/** Deliveries that are under way at a time, as GitHub's are. */
const AT_ONCE = 20
const SWEEPS_MAX = 1_000

export interface Faults {
  readonly seed: number
  /** Of a thousand deliveries so many never come; of the rest so many come again, once or twice. */
  readonly dropped: number
  readonly doubled: number
}

export interface StoryOptions {
  readonly seed: number
  /** It is played so often, each time on other pull requests. */
  readonly waves?: number
  readonly pulls: number
  /** Further labels, statuses and words on each pull request. */
  readonly noise: number
  /** Straight, in order and once each, where there are none. */
  readonly faults?: Faults
  /** A PostgreSQL server's empty database; else one of the tests' own. */
  readonly databaseUrl?: string
  readonly say?: (text: string) => void
}

export interface Told {
  /** What is left, without ids and times. */
  readonly state: unknown
  readonly happened: number
  readonly dropped: number
  readonly sent: number
  readonly seconds: number
}

/** Plays it, sweeps, and says what is left. */
export async function playStory({
  seed,
  waves = 1,
  pulls,
  noise,
  faults,
  databaseUrl,
  say,
}: StoryOptions): Promise<Told> {
  const stage = await setStage({
    portfolios: `${PORTFOLIOS.replace('usd: 40', 'usd: 40000')}${SQUADS}`,
    promotion: 'promote: { runs: 2, subjects: 2 }\nsunset: { runs: 2, accepted-below: 40% }\n',
    app: { log: { level: 'error' }, ...(databaseUrl === undefined ? {} : { databaseUrl }) },
  })
  try {
    // The App knows the repository; what happened before is none of its business.
    await stage.openPull()
    await sweepAll(stage)
    const hand = new Hand(stage, faults)
    stage.github.hooks.pause({ forgotten: true })
    const numbers: number[] = []
    for (let wave = 0; wave < waves; wave += 1) {
      const random = (part: number) => new Random(seed + 10 * wave + part)
      const opened = await openPulls(stage, `wave-${wave}`, pulls, random(0))
      await nextSecond()
      await command(stage, opened, random(1), noise)
      await hand.deliver()
      if (faults) await sweepAll(stage, opened)
      await workOff(stage, opened, random(2))
      await hand.deliver()
      await react(stage, opened, random(3), noise)
      await hand.deliver()
      // What was held back until now comes when all is over.
      if (faults) await sweepAll(stage, opened)
      await hand.deliverLate()
      numbers.push(...opened)
      say?.(
        `wave ${wave + 1} of ${waves}: ${hand.sent} deliveries sent, ${hand.dropped} dropped, ${hand.seconds.toFixed(0)} s`,
      )
    }
    if (faults) await sweepAll(stage)
    const { happened, dropped, sent, seconds } = hand
    return { state: await stateOf(stage, numbers), happened, dropped, sent, seconds }
  } finally {
    stage.github.hooks.resume()
    await stage.close()
  }
}

/** Brings what has happened on GitHub to the App. */
class Hand {
  readonly #stage: Stage
  readonly #faults: Faults | undefined
  readonly #random: Random
  readonly #seen: Set<string>
  #late: Delivery[] = []
  happened = 0
  dropped = 0
  sent = 0
  seconds = 0

  constructor(stage: Stage, faults: Faults | undefined) {
    this.#stage = stage
    this.#faults = faults
    this.#seen = new Set(stage.github.hooks.deliveries().map(({ id }) => id))
    this.#random = new Random(faults?.seed ?? 0)
  }

  async deliver(): Promise<void> {
    // What the App does upon these is told as well, until nothing more happens.
    for (let fresh = this.#fresh(); fresh.length > 0; fresh = this.#fresh()) await this.#bring(fresh)
  }

  async deliverLate(): Promise<void> {
    await this.#send(this.#late.splice(0))
    await this.deliver()
  }

  #fresh(): readonly Delivery[] {
    const fresh = this.#stage.github.hooks.deliveries().filter(({ id }) => !this.#seen.has(id))
    for (const { id } of fresh) this.#seen.add(id)
    this.happened += fresh.length
    return fresh
  }

  async #bring(fresh: readonly Delivery[]): Promise<void> {
    if (this.#faults === undefined) return this.#send(fresh)
    const { dropped, doubled } = this.#faults
    const order: Delivery[] = []
    for (const delivery of fresh) {
      if (this.#random.chance(dropped)) {
        this.dropped += 1
        continue
      }
      order.push(delivery)
      if (this.#random.chance(doubled)) order.push(delivery)
      if (this.#random.chance(doubled / 2)) this.#late.push(delivery)
    }
    for (let index = order.length - 1; index > 0; index -= 1) {
      const other = this.#random.between(0, index)
      const [one, two] = [order[index], order[other]]
      if (one && two) [order[index], order[other]] = [two, one]
    }
    await this.#send(order)
  }

  async #send(deliveries: readonly Delivery[]): Promise<void> {
    const started = performance.now()
    const waiting = [...deliveries]
    await Promise.all(
      Array.from({ length: this.#faults ? AT_ONCE : 1 }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await this.#post(next)
      }),
    )
    this.sent += deliveries.length
    await this.#stage.settled()
    this.seconds += (performance.now() - started) / 1000
  }

  async #post({ id, event, payload }: Delivery): Promise<void> {
    const status = await postWebhook(this.#stage.app.url, { id, event, body: JSON.stringify(payload) })
    if (status >= 300) throw new Error(`a delivery was answered with ${status}`)
  }
}

/**
 * The sweep, until nothing is due that it looks after: of these pull requests' runs, or of all. What waits is made due, since in
 * a story no days pass.
 */
async function sweepAll(stage: Stage, numbers?: readonly number[]): Promise<void> {
  const { prisma } = stage.app.database
  const subjectKey = numbers && { in: numbers.map((number) => `pull-request:${number}`) }
  await prisma.reading.updateMany({ data: { readAfter: new Date(0) } })
  await prisma.run.updateMany({
    where: { lookAfter: { not: null }, ...(subjectKey ? { subjectKey } : {}) },
    data: { lookAfter: new Date(0) },
  })
  const isDue = async () =>
    (await prisma.run.count({ where: { lookAfter: { lt: new Date() } } })) > 0 ||
    (await prisma.reading.count({ where: { readAfter: { lt: new Date() } } })) > 0
  for (let sweep = 0; sweep === 0 || ((await isDue()) && sweep < SWEEPS_MAX); sweep += 1) await stage.app.sweep()
  await stage.settled()
}

/** GitHub's times are whole seconds: within one, nobody but the order of arrival tells a push from the command after it. */
async function nextSecond(): Promise<void> {
  await wait(1000 - (Date.now() % 1000))
}

async function openPulls(stage: Stage, wave: string, count: number, random: Random): Promise<readonly number[]> {
  const numbers: number[] = []
  for (let index = 0; index < count; index += 1) {
    const pull = await stage.github.person('dev').openPull({
      branch: `${wave}-${index}`,
      title: `Change ${index} of ${wave}`,
      files: { [`src/${wave}-${index}.js`]: `${random.between(0, 9)}\n` },
    })
    numbers.push(pull.number)
  }
  return numbers
}

const COMMANDS = [
  '/agent refactor+tests cap=0.20',
  '/agent refactor+tests/tests-first cap=0.20',
  '/agent review cap=0.20',
  '/agent refactor+tests cap=0.20\nwith a reason below',
] as const

async function command(stage: Stage, numbers: readonly number[], random: Random, noise: number): Promise<void> {
  for (const number of numbers) {
    const { github } = stage
    if (random.chance(300)) await github.person('guest').comment(number, '/agent refactor+tests')
    await github.person('dev').comment(number, random.pick(COMMANDS))
    if (random.chance(300)) await github.person('mira').comment(number, '/agent list')
    for (let index = 0; index < noise; index += 1) await github.person('mira').comment(number, `Remark ${index}`)
  }
}

/** Each run's job, one after the other. */
async function workOff(stage: Stage, numbers: readonly number[], random: Random): Promise<void> {
  for (const number of numbers) {
    const run = await stage.app.database.prisma.run.findFirst({ where: { subjectKey: `pull-request:${number}` } })
    if (run === null) throw new Error(`the command on #${number} was lost`)
    const runner = await stage.runnerOf(run)
    const spentMicroUsd = BigInt(random.between(10, 90)) * 1_000n
    const isReview = run.family === 'review'
    const delivery = isReview
      ? { title: 'Review', body: 'Nothing to mend.' }
      : workOn(run.headSha, `src/made-${number}.js`, `${randomUUID()}\n`)
    const { status } = await runner.finish({ spentMicroUsd, delivery })
    if (status !== 200) throw new Error(`the report of #${number} was answered with ${status}`)
  }
}

/** What people and machines make of it. */
async function react(stage: Stage, numbers: readonly number[], random: Random, noise: number): Promise<void> {
  const { github, octokit } = stage
  const mira = github.person('mira')
  for (const number of numbers) {
    const run = await stage.runOn(number)
    const label = random.pick(['agent/reworked', 'agent/accepted', 'agent/rejected', 'nice'] as const)
    if (random.chance(500)) await mira.label(number, label)
    if (random.chance(200)) await mira.unlabel(number, label).catch(() => undefined)
    if (random.chance(400)) {
      const event = random.pick(['APPROVE', 'REQUEST_CHANGES'] as const)
      await octokit.pulls.createReview({ ...AT, pull_number: number, event, body: 'Seen.' })
    }
    const sha = run.deliveredSha
    for (let index = 0; index < noise; index += 1) {
      await mira.label(number, `noise-${index}`)
      if (random.chance(500)) await mira.unlabel(number, `noise-${index}`)
      if (sha !== null) await github.ci.status(sha, `ci/${index % 3}`, random.pick(['pending', 'success'] as const))
    }
    if (sha !== null && random.chance(600)) {
      await github.ci.check(sha, 'test', random.pick(['success', 'failure'] as const))
    }
    await end(stage, number, random)
  }
}

async function end(stage: Stage, number: number, random: Random): Promise<void> {
  const mira = stage.github.person('mira')
  const how = random.between(0, 5)
  if (how === 0) return
  if (how === 1) return mira.close(number)
  if (how === 2) {
    await mira.close(number)
    await stage.octokit.pulls.update({ ...AT, pull_number: number, state: 'open' })
  }
  const merged = await mira.merge(number, random.pick(['merge', 'squash'] as const))
  if (how === 4) {
    const revert = await mira.revert(number)
    if (random.chance(500)) await mira.revert(revert.number)
  }
  if (how === 5) {
    const message = `Undo\n\nThis reverts commit ${merged}.`
    await mira.push({ branch: 'main', files: { [`src/made-${number}.js`]: '0\n' }, message })
  }
}

/** Whatever somebody could see a difference in. */
async function stateOf(stage: Stage, numbers: readonly number[]): Promise<unknown> {
  const { prisma } = stage.app.database
  const runs = await prisma.run.findMany({ orderBy: [{ subjectKey: 'asc' }, { createdAt: 'asc' }] })
  const counts = { settled: true, accepted: true, reworked: true, rejected: true, unknown: true, reverted: true }
  const key = { family: true, variant: true }
  const order = [{ family: 'asc' as const }, { variant: 'asc' as const }]
  return {
    runs: runs.map((run) => ({
      subject: run.subjectKey,
      family: run.family,
      variant: run.variant,
      conclusion: run.conclusion,
      outcome: run.outcome,
      rule: run.outcomeRule,
      reverted: run.reverted,
    })),
    days: await prisma.trialDay.findMany({ select: { ...key, ...counts, spendMicroUsd: true }, orderBy: order }),
    trials: await prisma.trial.findMany({ select: { ...key, settled: true }, orderBy: order }),
    promotions: await prisma.promotion.findMany({ select: { ...key, decision: true, state: true }, orderBy: order }),
    heard: await prisma.heardComment.count(),
    replies: await Promise.all(numbers.map(async (number) => (await stage.replies(number)).length)),
  }
}
