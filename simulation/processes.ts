/** Several processes on one database: started, killed in the middle, started again, and recounted at the end by this one. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Arguments } from './arguments.ts'
import type { DatabaseLedger } from './database-ledger.ts'
import { Invariants, noFigures } from './invariants.ts'
import { readTruth } from './kept-truth.ts'
import type { AccountFacts, RunFacts } from './ledger.ts'
import type { FromChild, ToChild } from './messages-between.ts'
import type { Progress } from './progress.ts'
import { Random } from './random.ts'
import type { Broken, Outcome } from './simulate.ts'
import { NO_TRUTH, type RunTruth } from './truth.ts'
import { InvariantBroken } from './violation.ts'
import { START_MS } from './world.ts'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
/** How often each process is killed, on average. */
const KILLS_PER_PROCESS = 2
const SWEEPS_MAX = 10_000
const YEARS_LATER_MS = 10 * 365 * 86_400_000

export interface ProcessesOptions {
  readonly args: Arguments
  readonly url: string
  readonly repositoryIds: readonly number[]
  readonly ledger: DatabaseLedger
  readonly progress: Progress
  readonly cancelled: () => boolean
}

interface Place {
  readonly number: number
  generation: number
  /** Done by the generations before this one. */
  doneBefore: number
  operations: number
  crashes: number
  nowMs: number
  killAt: number
  child: ChildProcess | undefined
  outcome: Outcome | undefined
}

export async function playProcesses(options: ProcessesOptions): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'purser-simulation-'))
  try {
    return await new Processes(options, folder).play()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

class Processes {
  readonly #options: ProcessesOptions
  readonly #folder: string
  readonly #random: Random
  readonly #places: Place[]
  readonly #share: number
  readonly #truthFiles: string[] = []
  readonly #outcomes: Outcome[] = []
  #kills = 0
  #crashes = 0
  #broken: Broken | undefined

  constructor(options: ProcessesOptions, folder: string) {
    const { processes, operations, seed } = options.args
    this.#options = options
    this.#folder = folder
    this.#random = new Random(seed)
    this.#share = Math.ceil(operations / processes)
    this.#places = Array.from({ length: processes }, (_, number) => ({
      number,
      generation: 0,
      doneBefore: 0,
      operations: 0,
      crashes: 0,
      nowMs: START_MS,
      killAt: 0,
      child: undefined,
      outcome: undefined,
    }))
  }

  async play(): Promise<Outcome> {
    await Promise.all(this.#places.map((place) => this.#work(place)))
    return this.#finish()
  }

  /** One after the other, until its share is done. */
  async #work(place: Place): Promise<void> {
    while (this.#mayGoOn() && place.doneBefore < this.#share) {
      place.generation += 1
      place.operations = 0
      place.crashes = 0
      place.outcome = undefined
      const code = await this.#live(place)
      if (place.outcome === undefined && this.#broken === undefined && !this.#options.cancelled()) {
        if (code !== 'SIGKILL') throw new Error(`process ${place.number} ended by itself: ${code}`)
        await this.#options.ledger.loseRunsOf(this.#prefix(place))
      }
      place.doneBefore += place.operations
      this.#crashes += place.crashes
      if (place.outcome !== undefined) break
    }
    place.nowMs = Number.POSITIVE_INFINITY
    this.#tellFloor()
  }

  /** From its start to its end, with what ended it. */
  async #live(place: Place): Promise<string> {
    const child = fork(CHILD, { serialization: 'advanced' })
    const left = this.#share - place.doneBefore
    place.child = child
    place.killAt = this.#random.between(1, Math.max(2, Math.floor((2 * this.#share) / KILLS_PER_PROCESS)))
    const truthFile = join(this.#folder, `${place.number}-${place.generation}.jsonl`)
    this.#truthFiles.push(truthFile)
    child.on('message', (message: FromChild) => this.#hear(place, message))
    tell(child, {
      kind: 'orders',
      orders: {
        url: this.#options.url,
        repositoryIds: this.#options.repositoryIds,
        seed: this.#random.seed(),
        configurationSeed: this.#options.args.seed,
        operations: left,
        prefix: this.#prefix(place),
        startMs: Number.isFinite(this.#floorMs()) ? this.#floorMs() : START_MS,
        truthFile,
      },
    })
    const [code, signal] = await once(child, 'exit')
    place.child = undefined
    return String(signal ?? code)
  }

  #hear(place: Place, message: FromChild): void {
    if (message.kind === 'done') {
      place.outcome = message.outcome
      place.operations = message.outcome.operations
      place.crashes = message.outcome.crashes
      this.#outcomes.push(message.outcome)
      this.#broken ??= message.outcome.broken
    } else {
      place.operations = message.operations
      place.crashes = message.crashes
      place.nowMs = message.nowMs
      if (message.operations >= place.killAt && place.outcome === undefined) this.#kill(place)
    }
    this.#options.progress.say(this.#operations())
    if (!this.#mayGoOn()) for (const { child } of this.#places) if (child !== undefined) tell(child, { kind: 'stop' })
    this.#tellFloor()
  }

  #kill(place: Place): void {
    if (place.child?.kill('SIGKILL') === true) this.#kills += 1
    place.killAt = Number.POSITIVE_INFINITY
  }

  #mayGoOn(): boolean {
    return this.#broken === undefined && !this.#options.cancelled()
  }

  #prefix({ number, generation }: Place): string {
    return `p${number}g${generation}:`
  }

  #floorMs(): number {
    return Math.min(...this.#places.map(({ nowMs }) => nowMs))
  }

  #tellFloor(): void {
    const floorMs = this.#floorMs()
    for (const { child } of this.#places) if (child !== undefined) tell(child, { kind: 'floor', floorMs })
  }

  #operations(): number {
    return this.#places.reduce((sum, place) => sum + place.doneBefore + (place.child ? place.operations : 0), 0)
  }

  /** Everybody is gone: what is left runs out, and everything is added up against what was truly charged. */
  async #finish(): Promise<Outcome> {
    const { ledger } = this.#options
    const figures = noFigures()
    const truths = readTruth(this.#truthFiles)
    let broken = this.#broken
    let accounts = 0
    const invariants = new Invariants()
    try {
      if (broken === undefined) {
        await this.#quieten()
        const rows = await everything(ledger)
        accounts = rows.accounts.size
        figures.stuckHolds = recount(invariants, rows, truths)
      }
    } catch (error) {
      if (!(error instanceof InvariantBroken)) throw error
      broken = { ...error.violation, operation: this.#operations(), lastEvents: [] }
    }
    const parts = [...this.#outcomes, invariants.figures, figures]
    const counts = sumCounts(this.#outcomes)
    if (this.#kills > 0) counts['crash process'] = this.#kills
    return {
      overshootMicroUsd: most(parts.map((part) => part.overshootMicroUsd)),
      overshootTokens: most(parts.map((part) => part.overshootTokens)),
      lostMicroUsd: sum(parts.map((part) => part.lostMicroUsd)),
      lostTokens: sum(parts.map((part) => part.lostTokens)),
      stuckHolds: figures.stuckHolds,
      falseRefusals: parts.reduce((total, part) => total + part.falseRefusals, 0),
      operations: this.#operations(),
      accounts,
      crashes: this.#kills + this.#crashes,
      counts,
      untoldMicroUsd: sum([...truths.values()].map((truth) => (truth.told ? 0n : truth.beyondMicroUsd))),
      virtualDays: Math.max(0, ...this.#outcomes.map(({ virtualDays }) => virtualDays)),
      trace: '',
      ...(broken === undefined ? {} : { broken }),
    }
  }

  async #quieten(): Promise<void> {
    const { ledger } = this.#options
    const later = new Date(START_MS + YEARS_LATER_MS)
    for (const { number } of this.#places) await ledger.loseRunsOf(`p${number}g`)
    for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) {
      const ended = await ledger.sweep({ now: later, unstartedMs: 0, undispatchedMs: 0 })
      if (ended.length === 0) return
    }
  }
}

interface Rows {
  readonly accounts: Map<string, AccountFacts>
  readonly runs: RunFacts[]
}

async function everything(ledger: DatabaseLedger): Promise<Rows> {
  const rows: Rows = { accounts: new Map(), runs: [] }
  for await (const look of ledger.books.everything()) {
    for (const account of look.accounts) rows.accounts.set(account.id, account)
    rows.runs.push(...look.runs)
  }
  return rows
}

/** How many runs hold something still. */
function recount(invariants: Invariants, rows: Rows, truths: ReadonlyMap<string, RunTruth>): number {
  for (const account of rows.accounts.values()) invariants.account(account)
  for (const run of rows.runs) invariants.run(run, truths.get(run.id) ?? NO_TRUTH, rows.accounts)
  const known = new Set(rows.runs.map(({ id }) => id))
  for (const runId of truths.keys()) {
    if (known.has(runId)) continue
    throw new InvariantBroken({
      invariant: 'what-was-told-is-there',
      says: `${runId} was charged for and is not in the ledger`,
      expected: runId,
      found: 'nothing',
      subjects: [runId],
    })
  }
  return rows.runs.filter(({ state }) => state !== 'ended').length
}

/** It may be gone already. */
function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => {})
}

function sumCounts(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    for (const [what, count] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + count
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

function most(amounts: readonly bigint[]): bigint {
  return amounts.reduce((largest, amount) => (amount > largest ? amount : largest), 0n)
}
