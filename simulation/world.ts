/**
 * The simulated world: virtual time, repositories, Apps and runners around one ledger. Everything happens through
 * `operate`, which counts, writes it down, and has the invariants checked before anything else may happen to these rows.
 */
import { isRefusal } from '../core/reason.ts'
import { Agenda } from './agenda.ts'
import { Counts } from './counts.ts'
import { Declared, type Payment } from './declared.ts'
import { fail, Invariants } from './invariants.ts'
import type { AccountFacts, Claimed, Ledger, Look, ReserveAsk, Reserved, Touched } from './ledger.ts'
import { Random } from './random.ts'
import { accountNamed, checkGrantedReserve, checkRefusedReserve, momentFor, payersOf } from './refusals.ts'
import { Trace } from './trace.ts'
import type { RunTruth, Truth } from './truth.ts'

/** Where every world's time begins. */
export const START_MS = Date.parse('2026-11-02T06:00:00Z')

export interface WorldOptions {
  readonly random: Random
  /** What repositories declare, and when they change it. */
  readonly configurationSeed: number
  readonly truth: Truth
  readonly startMs?: number | undefined
  readonly repositoryIds: readonly number[]
  /** Tells the commands of this world from those of others on the same database. */
  readonly prefix: string
  /** Whether others work on the same accounts at the same time, so that what was refused may fit a moment later. */
  readonly shared: boolean
}

/** On the world's clock; counts what it met with. */
export type OpenLedger = (clockMs: () => number, counts: Counts) => Ledger

interface Operation<T> {
  readonly kind: string
  readonly says: string
  readonly touched: Touched
  /** Which rows the answer names besides. */
  readonly touches?: (answer: T) => readonly string[]
  readonly answers: (answer: T) => string
}

export class World {
  readonly startMs: number
  readonly agenda: Agenda
  readonly random: Random
  readonly truth: Truth
  readonly counts = new Counts()
  readonly trace = new Trace()
  readonly invariants = new Invariants()
  readonly repositories: readonly Declared[]
  readonly prefix: string
  readonly shared: boolean
  readonly #ledger: Ledger
  /** Which job was given a run, by run; by run and epoch how often. */
  readonly #claimants = new Map<string, string>()
  readonly #epochs = new Set<string>()
  /** The accounts that have paid for a lineage, and their days. */
  readonly #paid = new Map<string, Map<string, AccountFacts>>()
  readonly #frozen = new Set<string>()
  #onFrozen: (account: AccountFacts) => void = () => {}
  #looking: Promise<unknown> = Promise.resolve()
  operations = 0
  readonly accountsSeen = new Set<string>()

  constructor(options: WorldOptions, ledger: OpenLedger) {
    this.startMs = options.startMs ?? START_MS
    this.agenda = new Agenda(this.startMs)
    this.random = options.random
    this.truth = options.truth
    this.prefix = options.prefix
    this.shared = options.shared
    this.#ledger = ledger(() => this.agenda.nowMs, this.counts)
    this.repositories = options.repositoryIds.map((id, index) => {
      const random = new Random(options.configurationSeed ^ Math.imul(index + 1, 0x9e3779b1))
      const declared = new Declared(id, random, { originMs: START_MS, mayRename: !options.shared })
      while (declared.nextChangeMs <= this.startMs) declared.change()
      return declared
    })
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  /** Told of each account when it is first seen frozen. */
  whenFrozen(listener: (account: AccountFacts) => void): void {
    this.#onFrozen = listener
  }

  thawed(accountId: string): void {
    this.#frozen.delete(accountId)
  }

  /** Carries out one operation of the ledger and checks all that it may have touched. */
  async operate<T>(operation: Operation<T>, work: () => Promise<T>): Promise<{ answer: T; look: Look }> {
    this.operations += 1
    const number = this.operations
    this.counts.add(`operation ${operation.kind}`)
    const answer = await work()
    if (isRefusal(answer)) this.counts.add(`refusal ${operation.kind} ${answer.reason}`)
    const named = operation.touches?.(answer) ?? []
    const touched = { ...operation.touched, runIds: [...new Set([...operation.touched.runIds, ...named])] }
    const answered = isRefusal(answer) ? answer.reason : operation.answers(answer)
    const subjects = [...touched.runIds, ...(touched.accountIds ?? [])]
    const look = await this.look(touched, (seen) => {
      const accounts = seen.accounts.map(({ id }) => id)
      const text = `#${number} ${new Date(this.agenda.nowMs).toISOString()} ${operation.kind} ${operation.says} -> ${answered}`
      this.trace.add(text, [...subjects, ...accounts])
    })
    return { answer, look }
  }

  /** Reads the rows and holds them to the invariants; one look at a time, so that what is seen only moves on. */
  async look(touched: Touched, before: (look: Look) => void = () => {}): Promise<Look> {
    const turn = this.#looking.then(async () => {
      const truths = new Map(touched.runIds.map((id) => [id, this.truth.of(id)]))
      const look = await this.#ledger.books.look(touched)
      before(look)
      this.check(look, (id) => truths.get(id) ?? this.truth.of(id))
      return look
    })
    this.#looking = turn.catch(() => {})
    return turn
  }

  check(look: Look, truthOf: (runId: string) => RunTruth): void {
    const accounts = new Map(look.accounts.map((account) => [account.id, account]))
    // Runs first: what is wrong with one says more than what it did to an account.
    for (const run of look.runs) this.invariants.run(run, truthOf(run.id), accounts)
    for (const account of look.accounts) {
      this.accountsSeen.add(account.id)
      this.invariants.account(account)
      if (account.frozen && !this.#frozen.has(account.id)) {
        this.#frozen.add(account.id)
        this.#onFrozen(account)
      }
    }
  }

  async reserve(ask: ReserveAsk, payments: readonly Payment[]): Promise<Reserved | undefined> {
    const named = { repositoryId: ask.repositoryId, specs: ask.accounts }
    const before = this.shared ? await this.look({ runIds: [], named }) : undefined
    const { answer, look } = await this.operate(
      {
        kind: 'reserve',
        says: `${ask.repositoryId} ${ask.commandKey} ${ask.capMicroUsd}`,
        touched: { runIds: [], named },
        touches: (reserved) => (isRefusal(reserved) ? [] : [reserved.runId]),
        answers: (reserved) => (isRefusal(reserved) ? '' : `${reserved.runId} holds ${reserved.heldMicroUsd}`),
      },
      () => this.#ledger.reserve(ask),
    )
    const payers = payersOf(ask, look.accounts)
    const stoodStill = before === undefined || isSame(payersOf(ask, before.accounts), payers)
    if (isRefusal(answer)) {
      if (stoodStill) checkRefusedReserve(ask, answer, payers)
      return undefined
    }
    if (!answer.repeated) {
      if (!this.shared) checkGrantedReserve(ask, answer, payers)
      this.#checkPeriod(ask, answer, look, payments)
    }
    return answer
  }

  /** A claim was granted: to one job alone, under an epoch of its own. */
  claimed(runId: string, jobKey: string, { epoch }: Claimed): void {
    const first = this.#claimants.get(runId) ?? jobKey
    this.#claimants.set(runId, first)
    if (first !== jobKey) fail('one-claimant', `${runId} was given to two jobs`, first, jobKey, [runId])
    const key = `${runId} ${epoch}`
    if (this.#epochs.has(key)) fail('one-claimant', `${runId} was claimed twice under one epoch`, 1, epoch, [runId])
    this.#epochs.add(key)
  }

  /** A hold belongs to the period of its moment, and no lineage is paid by two accounts for one day. */
  #checkPeriod(ask: ReserveAsk, { runId }: Reserved, look: Look, payments: readonly Payment[]): void {
    const run = look.runs.find(({ id }) => id === runId)
    const held = look.accounts.filter(({ id }) => run?.holds.some(({ accountId }) => accountId === id))
    for (const { lineage, spec } of payments) {
      const [account] = accountNamed(spec, held)
      if (account === undefined) {
        if (this.shared) continue
        fail('one-period', `${runId} holds nothing on`, spec.name, held.map(({ name }) => name).join(), [runId])
      }
      const nowMs = momentFor(spec, ask.now)
      if (nowMs < account.periodStartMs || nowMs >= account.periodEndMs) {
        fail('one-period', `${runId} holds on ${account.name} at another time`, spec.name, nowMs, [runId, account.id])
      }
      this.#paidBy(`${ask.repositoryId}/${lineage}`, account, runId)
    }
  }

  #paidBy(lineage: string, account: AccountFacts, runId: string): void {
    const known = this.#paid.get(lineage) ?? new Map<string, AccountFacts>()
    this.#paid.set(lineage, known)
    if (!known.has(account.id)) {
      for (const other of known.values()) {
        const isApart = other.periodStartMs >= account.periodEndMs || account.periodStartMs >= other.periodEndMs
        if (isApart && account.kind !== 'experiment') continue
        const subjects = [runId, account.id, other.id]
        fail('one-budget-a-day', `${lineage} has a second account for the same days`, other.id, account.id, subjects)
      }
    }
    known.set(account.id, account)
  }
}

function isSame(before: readonly AccountFacts[], after: readonly AccountFacts[]): boolean {
  const figures = (facts: AccountFacts) =>
    [facts.id, facts.lastEntry, facts.spent, facts.held, facts.ceiling, facts.frozen].join()
  return before.map(figures).sort().join(';') === after.map(figures).sort().join(';')
}
