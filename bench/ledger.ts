/**
 * Reserving and settling through the ledger's code, 20 at a time, as a multiple of the rate at which the plain conditional
 * update of one row goes through `pg`, 20 at a time: the least that any ledger on this database would have to do. Both on
 * one row, where everybody waits for everybody, and on 100, of one repository and of ten; measured in turn, medians of several
 * rounds.
 *
 * Beside the account, a reservation writes a session, a run with its plan, a hold and an entry, and a settlement ends the
 * run with its report and writes two entries. The plan and the report are as large as those of the built-in
 * `refactor+tests`. Each is one operation; what lies between them, the claim, is not measured.
 *
 * The server is this machine's own PostgreSQL, measured as it is installed and once more with `fsync` off. The first is what
 * a ledger stands on: a commit waits for the disk. It is also the harder question on one row for the plain update, whose every
 * commit holds the row while it waits, and the harder one for us on 100 rows, where 20 plain updates share one wait. Without
 * `fsync` nothing waits, and what is compared is the work of the processors alone.
 */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { type Database, openDatabase } from '../app/database/open.ts'
import { transactSql } from '../app/database/transact.ts'
import { ensureAccounts } from '../app/ledger/ensure-accounts.ts'
import { type Ledger, openLedger } from '../app/ledger/ledger.ts'
import { type ReserveRequest, reserve } from '../app/ledger/reserve.ts'
import { settle } from '../app/ledger/settle.ts'
import type { AccountSpec } from '../core/money/account.ts'
import type { Plan } from '../core/plan/plan.ts'
import { isRefusal } from '../core/reason.ts'
import type { Report } from '../core/run/report.ts'
import { startTestServer } from '../test/app/database/server.ts'

const AT_ONCE = 20
const ROWS_MANY = 100
const REPOSITORIES_MANY = 10
const NOW = new Date('2026-11-20T12:00:00Z')
const SHA = 'a'.repeat(40)
const CAP_MICRO_USD = 2_500_000n
const BUDGET_MICRO_USD = 1_000_000_000_000_000n

/** Where the rows lie; the rest of a repository is as any other's. */
interface Where {
  readonly rows: number
  readonly repositories: number
}
const ONE: Where = { rows: 1, repositories: 1 }
const MANY: Where = { rows: ROWS_MANY, repositories: 1 }
const SPREAD: Where = { rows: ROWS_MANY, repositories: REPOSITORIES_MANY }

export interface LedgerRates {
  readonly rounds: number
  /** Commits wait for the disk. */
  readonly durable: RatesByRows
  readonly withoutFsync: RatesByRows
  /** The rate of reserving with so many ended runs in the ledger, by the rate with few. */
  readonly history: { readonly runs: number; readonly ratio: number }
}

/** Operations a second, on one row, on `ROWS_MANY` of one repository and on as many of `REPOSITORIES_MANY`. */
export interface RatesByRows {
  readonly one: Rates
  readonly many: Rates
  readonly spread: Rates
}

export interface Rates {
  readonly plain: number
  readonly reserve: number
  readonly settle: number
  /** Of both together. */
  readonly ours: number
  readonly ratio: number
}

/** `historyRuns`: so many have ended when it is measured whether that makes a difference. Undefined without a PostgreSQL server. */
export async function measureLedger(
  rounds: number,
  operations: number,
  historyRuns: number,
): Promise<LedgerRates | undefined> {
  const server = await startTestServer({ durable: true })
  if (server === undefined) return undefined
  const database = await openDatabase({ url: server.url })
  const plainPool = new pg.Pool({ connectionString: server.url, max: AT_ONCE })
  try {
    const bench = await LedgerBench.begin(database, plainPool)
    for (const where of [ONE, MANY, SPREAD]) await bench.round(where, operations)
    // As the server does by itself within a minute.
    await plainPool.query('ANALYZE')
    const durable = await bench.rounds(rounds, operations)
    await plainPool.query('ALTER SYSTEM SET fsync = off')
    await plainPool.query('SELECT pg_reload_conf()')
    const withoutFsync = await bench.rounds(rounds, operations)
    return {
      rounds,
      durable,
      withoutFsync,
      history: { runs: historyRuns, ratio: await bench.growth(rounds, operations, historyRuns) },
    }
  } finally {
    await plainPool.end()
    await database.close()
    await server.stop()
  }
}

interface Round {
  readonly plain: number
  readonly reserve: number
  readonly settle: number
}

function ratesOf(rounds: readonly Round[]): Rates {
  const plain = median(rounds.map((round) => round.plain))
  const ours = rounds.map((round) => 2 / (1 / round.reserve + 1 / round.settle))
  return {
    plain,
    reserve: median(rounds.map((round) => round.reserve)),
    settle: median(rounds.map((round) => round.settle)),
    ours: median(ours),
    // Round by round, since a machine's other work slows down both sides of one.
    ratio: median(rounds.map((round, index) => (ours[index] ?? 0) / round.plain)),
  }
}

class LedgerBench {
  readonly #database: Database
  readonly #ledger: Ledger
  readonly #plainPool: pg.Pool
  readonly #specs: readonly AccountSpec[]
  readonly #plainIds: readonly bigint[]
  readonly #plan = plan()
  readonly #report = report()
  #commands = 0

  private constructor(database: Database, plainPool: pg.Pool, specs: readonly AccountSpec[], plainIds: bigint[]) {
    this.#database = database
    this.#ledger = openLedger(database)
    this.#plainPool = plainPool
    this.#specs = specs
    this.#plainIds = plainIds
  }

  static async begin(database: Database, plainPool: pg.Pool): Promise<LedgerBench> {
    const specsOf = (prefix: string) => Array.from({ length: ROWS_MANY }, (_, index) => account(`${prefix}-${index}`))
    const specs = specsOf('ours')
    const open = (id: bigint, all: readonly AccountSpec[]) =>
      transactSql(database, (sql) => ensureAccounts(sql, id, all, NOW))
    for (let id = 1n; id <= REPOSITORIES_MANY; id += 1n) {
      const data = { id, owner: 'acme', name: `shop-${id}`, installationId: 1n, defaultBranch: 'main' }
      await database.prisma.repository.create({ data })
      await open(id, specs)
    }
    const plain = await open(1n, specsOf('plain'))
    return new LedgerBench(
      database,
      plainPool,
      specs,
      plain.map(({ id }) => id),
    )
  }

  async rounds(rounds: number, operations: number): Promise<RatesByRows> {
    const [one, many, spread]: [Round[], Round[], Round[]] = [[], [], []]
    for (let round = 0; round < rounds; round += 1) {
      one.push(await this.round(ONE, operations))
      many.push(await this.round(MANY, operations))
      spread.push(await this.round(SPREAD, operations))
    }
    return { one: ratesOf(one), many: ratesOf(many), spread: ratesOf(spread) }
  }

  async round(where: Where, operations: number): Promise<Round> {
    return { plain: await this.#plain(where, operations), ...(await this.#ours(where, operations)) }
  }

  #plain({ rows }: Where, operations: number): Promise<number> {
    return rate(operations, async (index) => {
      const id = this.#plainIds[index % rows]
      const { rowCount } = await this.#plainPool.query(
        'UPDATE account SET held = held + $1 WHERE id = $2 AND spent + held + $1 <= ceiling',
        [1, id],
      )
      if (rowCount !== 1) throw new Error('an update found no room')
    })
  }

  async #ours(where: Where, operations: number): Promise<{ reserve: number; settle: number }> {
    const requests = Array.from({ length: operations }, (_, index) => this.#request(index % where.rows, where))
    const runIds: string[] = []
    const reserving = await rate(operations, async (index) => {
      const request = requests[index]
      const reserved = request && (await reserve(this.#ledger, request))
      if (reserved === undefined || isRefusal(reserved)) throw new Error('a reservation was refused')
      runIds.push(reserved.run.id)
    })
    await this.#claimAll()
    const settling = await rate(operations, async (index) => {
      const runId = runIds[index] ?? ''
      const settled = await settle(this.#ledger, { runId, epoch: 1, report: this.#report, now: NOW })
      if (isRefusal(settled)) throw new Error('a settlement was refused')
    })
    return { reserve: reserving, settle: settling }
  }

  #request(account: number, { repositories }: Where): ReserveRequest {
    this.#commands += 1
    const spec = this.#specs[account]
    return {
      session: {
        repositoryId: 1n + BigInt(account % repositories),
        subjectKind: 'pull-request',
        subjectNumber: this.#commands,
        subjectKey: `pull-request:${this.#commands}`,
        trigger: 'comment',
        commandKey: `comment:${this.#commands}`,
      },
      run: {
        family: 'refactor+tests',
        variant: null,
        assignment: 'baseline',
        portfolio: 'refactoring',
        headSha: SHA,
        configSha: SHA,
        plan: this.#plan,
        floorMicroUsd: CAP_MICRO_USD / 10n,
        recentSpendsMicroUsd: Array.from({ length: 50 }, (_, index) => BigInt(index) * 40_000n),
      },
      accounts: spec === undefined ? [] : [spec],
      now: NOW,
    }
  }

  /** What a job does in between, for all at once. */
  async #claimAll(): Promise<void> {
    await this.#plainPool.query(
      `UPDATE run SET state = 'claimed', epoch = 1, token_hash = 'x', job_key = 'job', claimed_at = now(),
         lease_until = now() + interval '1 hour', drawn_micro_usd = held_micro_usd
       WHERE state = 'reserved'`,
    )
  }

  /** Reserving with a long history by reserving with a short one: the same runs, ended, in another repository. */
  async growth(rounds: number, operations: number, historyRuns: number): Promise<number> {
    const rates = async () => {
      await this.#database.prisma.$executeRaw`VACUUM ANALYZE`
      const each: number[] = []
      for (let round = 0; round < rounds; round += 1) each.push((await this.#ours(MANY, operations)).reserve)
      return median(each)
    }
    const before = await rates()
    while ((await this.#database.prisma.run.count()) < historyRuns) await this.#ours(MANY, operations)
    return (await rates()) / before
  }
}

/** Operations a second, `AT_ONCE` under way at any time. */
async function rate(operations: number, operate: (index: number) => Promise<void>): Promise<number> {
  let begun = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < operations) {
        begun += 1
        await operate(begun - 1)
      }
    }),
  )
  return (operations / (performance.now() - start)) * 1000
}

function account(name: string): AccountSpec {
  return {
    kind: 'portfolio',
    name,
    unit: 'usd',
    periodStart: new Date('2026-11-01T00:00:00Z'),
    periodEnd: new Date('2026-12-01T00:00:00Z'),
    budget: BUDGET_MICRO_USD,
    enforced: true,
  }
}

function plan(): Plan {
  const text = (name: string) => readFileSync(new URL(`../catalog/${name}`, import.meta.url), 'utf8')
  return {
    version: 1,
    workflow: 'refactor+tests',
    portfolio: 'refactoring',
    subject: { kind: 'pull-request', repository: 'acme/shop', number: 12, headSha: SHA },
    inputs: { goal: 'Keep behaviour, improve structure', test: 'npm test' },
    setup: undefined,
    steps: [
      { id: 'before', run: 'npm test', 'on-failure': 'continue', 'timeout-minutes': 10 },
      ...['refactor', 'tests'].map((id) => ({
        id,
        agent: 'engineer',
        prompt: `${id}.md`,
        turns: 20,
        promptText: text(`refactor+tests/${id}.md`),
      })),
    ],
    agents: {
      engineer: {
        name: 'engineer',
        tools: ['read', 'edit', 'search', 'run'],
        model: 'gpt-5.2',
        effort: undefined,
        systemText: text('agents/engineer.agent.md'),
      },
    },
    guards: {},
    deliver: 'commit',
    prices: {},
    capMicroUsd: CAP_MICRO_USD,
    timeoutMinutes: 30,
  }
}

function report(): Report {
  const step = { kind: 'agent', ok: true, turns: 4, attempts: 1, spentMicroUsd: 400_000n } as const
  return {
    version: 1,
    conclusion: 'completed',
    message: 'Split the module and covered what it does.',
    spentMicroUsd: 800_000n,
    inputTokens: 80_000,
    cachedTokens: 40_000,
    outputTokens: 4_000,
    steps: ['refactor', 'tests'].map((id) => ({ ...step, id, summary: 'Moved three functions. '.repeat(10) })),
    calls: Array.from({ length: 8 }, (_, id) => ({
      id,
      step: id < 4 ? 'refactor' : 'tests',
      model: 'gpt-5.2',
      reservedMicroUsd: 200_000n,
      spentMicroUsd: 100_000n,
      inputTokens: 10_000,
      cachedTokens: 5_000,
      outputTokens: 500,
      reasoningTokens: 100,
      usage: 'reported' as const,
    })),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
