/** The Apps: commands come in, are reserved and dispatched; accounts are configured, swept, thawed and stopped. */
import type { AccountSpec } from '../core/money/account.ts'
import { isRefusal } from '../core/reason.ts'
import type { Declared, Purse } from './declared.ts'
import type { AccountFacts, ReserveAsk, Reserved } from './ledger.ts'
import { send } from './messages.ts'
import { Runner } from './runner.ts'
import type { World } from './world.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** As the App's own sweep has them. */
const UNSTARTED_MS_MAX = DAY_MS
const UNDISPATCHED_MS_MAX = 15 * MINUTE_MS

/** How long an App may take between reading the configuration and reserving. */
const SLOW_MS_MAX = 3 * HOUR_MS

const APPS = 4
const SUBJECTS = 30
const BURST_MAX = 24
const REDELIVERIES_MAX = 3
const APP_RESTART_IN_THOUSAND = 2

interface Command {
  readonly repository: Declared
  readonly purses: readonly Purse[]
  readonly subjectKey: string
  readonly commandKey: string
  readonly capMicroUsd: bigint
  readonly capTokens: bigint
  readonly floorMicroUsd: bigint
}

export class Companion {
  readonly #world: World
  /** How far each App's clock is off. */
  readonly #skewsMs: number[]
  #commands = 0
  #jobs = 0
  #closed = false

  constructor(world: World) {
    this.#world = world
    this.#skewsMs = Array.from({ length: APPS }, () => this.#newSkewMs())
    world.whenFrozen((account) => this.#thawLater(account))
  }

  open(): void {
    this.#burstLater()
    this.#sweepLater()
    for (const repository of this.#world.repositories) this.#changeLater(repository)
  }

  /** No more commands, changes and sweeps are begun; what is under way goes on. */
  close(): void {
    this.#closed = true
  }

  #burstLater(): void {
    const { random, agenda } = this.#world
    // Crowds, with hours between them now and then, so that periods end while money is held.
    const most = random.chance(850) ? 4 * MINUTE_MS : random.chance(850) ? 6 * HOUR_MS : this.#longestIdleMs()
    agenda.plan(random.between(SECOND_MS, most), async () => {
      if (this.#closed) return
      this.#burst()
      this.#burstLater()
    })
  }

  /** Processes that share their periods wait for each other, so none of them rests for days. */
  #longestIdleMs(): number {
    return this.#world.shared ? 6 * HOUR_MS : 3 * DAY_MS
  }

  #burst(): void {
    const { random, agenda, repositories } = this.#world
    const repository = random.pick(repositories)
    if (repository === undefined) return
    const purses = repository.pickPurses(random)
    const size = random.chance(600) ? random.between(1, 3) : random.between(4, BURST_MAX)
    for (let index = 0; index < size; index += 1) {
      const command = this.#command(repository, random.chance(700) ? purses : repository.pickPurses(random))
      agenda.plan(random.between(0, 2 * SECOND_MS), () => this.#handle(command, 1))
      // A webhook that comes again, at once or the next day.
      if (random.chance(60)) {
        this.#world.counts.add('fault command twice')
        agenda.plan(random.between(0, random.chance(800) ? MINUTE_MS : DAY_MS), () => this.#handle(command, 1))
      }
    }
  }

  #command(repository: Declared, purses: readonly Purse[]): Command {
    const { random, prefix } = this.#world
    this.#commands += 1
    const capMicroUsd =
      BigInt(random.between(2, random.chance(700) ? 60 : 400)) * 10_000n + BigInt(random.between(0, 9_999))
    return {
      repository,
      purses,
      subjectKey: `${prefix}pull-request:${random.between(1, SUBJECTS)}`,
      commandKey: `${prefix}comment:${this.#commands}`,
      capMicroUsd,
      capTokens: BigInt(random.between(10, 400)) * 1_000n,
      floorMicroUsd: (capMicroUsd * BigInt(random.between(0, 60))) / 100n,
    }
  }

  async #handle(command: Command, tries: number): Promise<void> {
    const { random, counts } = this.#world
    const now = this.#now()
    const { repository, purses } = command
    const isStale = random.chance(20)
    if (isStale) counts.add('fault stale configuration')
    // Between reading the configuration and reserving lie requests to GitHub, and perhaps the end of a period.
    const readAt = new Date(now.getTime() - (random.chance(30) ? random.between(1, SLOW_MS_MAX) : 0))
    if (readAt < now) counts.add('fault slow app')
    const payments = isStale ? repository.stalePaymentsOf(purses, readAt) : repository.paymentsOf(purses, readAt)
    if (payments === undefined) return
    const ask: ReserveAsk = {
      repositoryId: repository.repositoryId,
      subjectKey: command.subjectKey,
      commandKey: command.commandKey,
      capMicroUsd: command.capMicroUsd,
      capTokens: command.capTokens,
      floorMicroUsd: command.floorMicroUsd,
      accounts: payments.map(({ spec }) => spec),
      now,
    }
    const reserved = await this.#world.reserve(ask, payments)
    if (this.#crashes('after reserve')) {
      // The queue hands it to another App, with the same key.
      if (tries < REDELIVERIES_MAX && random.chance(800)) {
        this.#world.agenda.plan(random.between(SECOND_MS, 10 * MINUTE_MS), () => this.#handle(command, tries + 1))
      }
      return
    }
    if (reserved?.state === 'reserved') await this.#dispatch(repository, reserved)
  }

  async #dispatch(repository: Declared, reserved: Reserved): Promise<void> {
    const { random, agenda, counts, ledger } = this.#world
    const { runId } = reserved
    if (random.chance(50)) agenda.plan(random.between(SECOND_MS, HOUR_MS), () => this.#stop(runId))
    const which = random.between(1, 100)
    if (which <= 4) {
      counts.add('fault dispatch refused')
      await this.#operate('release', runId, () => ledger.release(runId, this.#now()))
      return
    }
    // GitHub may have said nothing at all and started it all the same.
    const jobs = which <= 88 ? 1 : which <= 95 ? 0 : 2
    if (jobs !== 1) counts.add(jobs === 0 ? 'fault never started' : 'fault two jobs')
    for (let job = 0; job < jobs; job += 1) this.#startLater(repository, reserved)
    if (this.#crashes('after dispatch') || random.chance(20)) return
    await send(this.#world, () => this.#operate('dispatch', runId, () => ledger.dispatch(runId, this.#now())))
  }

  #startLater(repository: Declared, { runId, heldMicroUsd, heldTokens }: Reserved): void {
    const { random, agenda } = this.#world
    this.#jobs += 1
    const jobKey = `job:${this.#jobs}`
    const most = random.chance(900) ? 2 * MINUTE_MS : random.chance(900) ? 3 * HOUR_MS : 26 * HOUR_MS
    const job = { runId, heldMicroUsd, heldTokens, repositoryId: repository.repositoryId, jobKey }
    agenda.plan(random.between(5 * SECOND_MS, most), () => new Runner(this.#world, job).start())
  }

  async #stop(runId: string): Promise<void> {
    const { ledger } = this.#world
    await send(this.#world, () => this.#operate('stop', runId, () => ledger.stop(runId, this.#now())))
  }

  #sweepLater(): void {
    const { random, agenda } = this.#world
    agenda.plan(random.between(MINUTE_MS, random.chance(800) ? 6 * MINUTE_MS : 2 * HOUR_MS), async () => {
      if (this.#closed) return
      await this.sweep()
      this.#sweepLater()
    })
  }

  async sweep(): Promise<readonly string[]> {
    const times = { now: this.#now(), unstartedMs: UNSTARTED_MS_MAX, undispatchedMs: UNDISPATCHED_MS_MAX }
    const { answer } = await this.#world.operate(
      {
        kind: 'sweep',
        says: '',
        touched: { runIds: [] },
        touches: (ended) => ended,
        answers: (ended) => `ended ${ended.join()}`,
      },
      () => this.#world.ledger.sweep(times),
    )
    for (const _run of answer) this.#world.counts.add('swept')
    return answer
  }

  #changeLater(repository: Declared): void {
    const { agenda } = this.#world
    agenda.plan(Math.max(0, repository.nextChangeMs - agenda.nowMs), async () => {
      if (this.#closed) return
      await this.#change(repository)
      this.#changeLater(repository)
    })
  }

  /** Configuration changes; an App may notice at once or only with the next command. */
  async #change(repository: Declared): Promise<void> {
    const { random, counts } = this.#world
    const said = repository.change()
    counts.add(`change ${said.split(' ')[0]}`)
    if (random.chance(500)) return
    const now = this.#now()
    const purses = repository.pickPurses(random)
    const payments = repository.paymentsOf(purses, now)
    if (payments === undefined) return
    await this.#configure(
      repository,
      said,
      payments.map(({ spec }) => spec),
      now,
    )
  }

  async #configure(repository: Declared, said: string, specs: readonly AccountSpec[], now: Date): Promise<void> {
    const { repositoryId } = repository
    const { ledger } = this.#world
    await this.#world.operate(
      {
        kind: 'configure',
        says: `${repositoryId} ${said}`,
        touched: { runIds: [], named: { repositoryId, specs } },
        answers: () => 'set',
      },
      () => ledger.configure(repositoryId, specs, now),
    )
  }

  #thawLater({ id }: AccountFacts): void {
    const { random, agenda } = this.#world
    agenda.plan(random.between(MINUTE_MS, 12 * HOUR_MS), async () => {
      this.#world.thawed(id)
      await this.#world.operate(
        { kind: 'thaw', says: id, touched: { runIds: [], accountIds: [id] }, answers: String },
        () => this.#world.ledger.thaw(id, this.#now()),
      )
    })
  }

  async #operate<T>(kind: string, runId: string, work: () => Promise<T>): Promise<T> {
    const operation = {
      kind,
      says: runId,
      touched: { runIds: [runId] },
      answers: (answer: T) => (isRefusal(answer) ? '' : String(answer)),
    }
    return (await this.#world.operate(operation, work)).answer
  }

  /** An App dies and comes back, with whatever its clock says then. */
  #crashes(point: string): boolean {
    const { random, counts } = this.#world
    if (random.chance(APP_RESTART_IN_THOUSAND)) {
      this.#skewsMs[random.between(0, APPS - 1)] = this.#newSkewMs()
    }
    if (!random.chance(15)) return false
    counts.add(`crash app ${point}`)
    return true
  }

  /** The time by the clock of one of the Apps. */
  #now(): Date {
    const { random, agenda } = this.#world
    return new Date(agenda.nowMs + (this.#skewsMs[random.between(0, APPS - 1)] ?? 0))
  }

  /** Mostly seconds, now and then a day. */
  #newSkewMs(): number {
    const { random } = this.#world
    const most = random.chance(700) ? 5 * SECOND_MS : random.chance(600) ? 10 * MINUTE_MS : DAY_MS
    return random.between(-most, most)
  }
}
