/** The faults of a server that is there: others' locks, a lost acknowledgement, no connection, no answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../app/database/open.ts'
import { transactSql } from '../../app/database/transact.ts'
import { auditLedger } from '../../app/ledger/audit.ts'
import { claim } from '../../app/ledger/claim.ts'
import { type Ledger, openLedger, PATIENCE_MS } from '../../app/ledger/ledger.ts'
import { propose, reserve } from '../../app/ledger/reserve.ts'
import { expire, release, settle } from '../../app/ledger/settle.ts'
import { createLog } from '../../app/log.ts'
import { createStoreWebhook } from '../../app/webhooks/store-webhook.ts'
import { startTestServer, type TestServer, warnServerMissing } from '../app/database/server.ts'
import { entryCount, expectBalanced } from '../app/ledger/balance.ts'
import {
  CENT,
  claimedRun,
  NOW,
  newRepository,
  openAccounts,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
} from '../app/ledger/scene.ts'
import { type Cut, startProxy } from './races/proxy.ts'
import { programs } from './races/server.ts'

/** Ours notices a circle first and is the one to give way; theirs would wait this long. */
const OUR_DEADLOCK_TIMEOUT = '2s'
const THEIR_DEADLOCK_TIMEOUT = '60s'
const CAP = 10n * CENT
const WAITS_LOOKS_MAX = 1000
const LOOK_MS = 10

if (programs === undefined) warnServerMissing()

describe.skipIf(programs === undefined)('on a PostgreSQL server', () => {
  let server: TestServer | undefined
  let url: string
  let database: Database
  let ledger: Ledger
  beforeAll(async () => {
    server = await startTestServer()
    url = server?.url ?? ''
    const first = new pg.Client({ connectionString: url })
    await first.connect()
    await first.query(
      `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET deadlock_timeout = '${OUR_DEADLOCK_TIMEOUT}'`,
    )
    await first.end()
    database = await openDatabase({ url })
    ledger = openLedger(database)
  })
  afterAll(async () => {
    const { findings } = await auditLedger(url)
    await database.close()
    await server?.stop()
    expect(findings).toEqual([])
  })

  /** Somebody else at the same database, who holds what the last statement of `sql` has locked. */
  async function somebody(...sql: readonly string[]): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`SET deadlock_timeout = '${THEIR_DEADLOCK_TIMEOUT}'`)
    await client.query('BEGIN')
    for (const statement of sql) await client.query(statement)
    return client
  }

  /** Until so many wait for a lock, whoever holds it. */
  async function untilWaitingAre(count: number): Promise<void> {
    const waiting = `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`
    for (let look = 0; look < WAITS_LOOKS_MAX; look += 1) {
      if ((await database.pool.query(waiting)).rows.length >= count) return
      await sleep(LOOK_MS)
    }
    throw new Error(`not so many wait for a lock: ${count}`)
  }

  /** Until somebody waits for a lock that `client` holds. */
  async function untilWaiting(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const waiting = 'SELECT 1 FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))'
    for (let look = 0; look < WAITS_LOOKS_MAX; look += 1) {
      // Not by `client`, whose transaction would see the same each time.
      if ((await database.pool.query(waiting, [rows[0]?.pid])).rows.length > 0) return
      await sleep(LOOK_MS)
    }
    throw new Error('nobody waits for the lock')
  }

  describe('a connection that is ended between two statements', () => {
    const one = { name: 'one', text: 'SELECT 1' }

    it('by somebody else is replaced, and what it was for begun again', async () => {
      let tries = 0
      const ended = await transactSql(database, async (sql) => {
        tries += 1
        const [own] = await sql.rows<{ pid: number }>({ name: 'pid', text: 'SELECT pg_backend_pid() AS pid' }, [])
        if (tries === 1) {
          await database.pool.query('SELECT pg_terminate_backend($1)', [own?.pid])
          await untilGone(own?.pid)
          // Until this process has heard of it: then nothing is under way that could be told.
          await sleep(50)
        }
        return sql.rows(one, [])
      })
      expect(ended).toHaveLength(1)
      expect(tries).toBe(2)
    })

    it('by the server, while this process was paused in its transaction, is too', async () => {
      let tries = 0
      await transactSql(database, async (sql) => {
        tries += 1
        const own = {
          name: 'own',
          text: "SELECT set_config('idle_in_transaction_session_timeout', $1, true), pg_backend_pid() AS pid",
        }
        const [{ pid } = { pid: 0 }] = await sql.rows<{ pid: number }>(own, [tries === 1 ? '1' : '15000'])
        if (tries === 1) await untilGone(pid)
        await sql.rows(one, [])
      })
      expect(tries).toBe(2)
    })

    it('while webhooks are being stored loses none of them', async () => {
      const { pool, kind, prisma } = database
      const log = createLog({ level: 'silent' })
      const store = createStoreWebhook({ pool, kind, onStored: () => {}, log })
      const locking = await somebody('LOCK TABLE webhook IN EXCLUSIVE MODE')
      const ids = Array.from({ length: 30 }, (_, index) => index)
      const stored = Promise.all(
        ids.map((id) => store({ deliveryId: `cut-${id}`, event: 'push', repositoryId: BigInt(id), text: '{}' })),
      )
      await untilWaiting(locking)
      await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`)
      await locking.query('COMMIT')
      await locking.end()
      await stored
      expect(await prisma.webhook.count({ where: { deliveryId: { startsWith: 'cut-' } } })).toBe(ids.length)
    })

    async function untilGone(pid: number | undefined): Promise<void> {
      for (let look = 0; look < WAITS_LOOKS_MAX; look += 1) {
        const { rows } = await database.pool.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])
        if (rows.length === 0) return
        await sleep(LOOK_MS)
      }
      throw new Error('the connection was not ended')
    }
  })

  const deadlocks = async () => {
    const [row] = await database.prisma.$queryRaw<{ deadlocks: bigint }[]>`
      SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
    return row?.deadlocks ?? 0n
  }

  it('a reservation and a report that meet somebody else crosswise give way and are carried out once', async () => {
    const repositoryId = await newRepository(database.prisma)
    const before = await deadlocks()
    // Opened one after the other, and so in the order in which a reservation locks them.
    const specs = [portfolioAccount(100n * CENT), portfolioAccount(100n * CENT, { name: 'other' })]
    const accounts = await openAccounts(ledger, repositoryId, specs, NOW)
    const third = portfolioAccount(100n * CENT, { name: 'third' })
    const { run, epoch } = await claimedRun(ledger, requestFor(repositoryId, CAP, [third]))
    const paying = await database.prisma.hold.findFirstOrThrow({ where: { runId: run.id } })
    const lock = (table: string, id: string) => `SELECT 1 FROM ${table} WHERE id = ${id} FOR UPDATE`

    const one = await somebody(lock('account', `${accounts[1]?.id}`))
    const two = await somebody(lock('account', `${paying.accountId}`))
    const reserving = reserve(ledger, requestFor(repositoryId, CAP, specs))
    const settling = settle(ledger, { runId: run.id, epoch, report: reportOf(CAP), now: NOW })
    // At first they wait as long as others may be kept waiting for it, and then by themselves.
    await sleep(2 * PATIENCE_MS)
    await Promise.all([untilWaiting(one), untilWaiting(two)])
    await Promise.all([one.query(lock('account', `${accounts[0]?.id}`)), two.query(lock('run', `'${run.id}'`))])
    await Promise.all([one.query('COMMIT'), two.query('COMMIT')])

    expect(await reserving).toMatchObject({ heldMicroUsd: CAP, repeated: false })
    expect(await settling).toMatchObject({ spentMicroUsd: CAP, repeated: false })
    expect(await deadlocks()).toBe(before + 2n)
    await expectBalanced(database.prisma, repositoryId)
    await Promise.all([one.end(), two.end()])
  })

  it('a command that comes twice at once is one run, though the account has room for one only', async () => {
    const repositoryId = await newRepository(database.prisma)
    const request = requestFor(repositoryId, CAP, [portfolioAccount(CAP)])
    await openAccounts(ledger, repositoryId, request.accounts)
    const busy = await somebody(`SELECT 1 FROM account WHERE repository_id = ${repositoryId} FOR UPDATE`)
    const processes = [openLedger(database), openLedger(database)]
    const answers = Promise.all(processes.map((one) => reserve(one, request)))
    await untilWaitingAre(2)
    await busy.query('COMMIT')
    const [first, second] = await answers
    expect([first, second]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ heldMicroUsd: CAP, repeated: false }),
        expect.objectContaining({ heldMicroUsd: CAP, repeated: true }),
      ]),
    )
    await expectBalanced(database.prisma, repositoryId)
    await busy.end()
  })

  it('a go waits for the run that it is about before it takes its account', async () => {
    const repositoryId = await newRepository(database.prisma)
    const request = requestFor(repositoryId, CAP, [portfolioAccount(CAP)])
    await openAccounts(ledger, repositoryId, request.accounts)
    const { run } = await propose(ledger, request)
    const stopping = await somebody(`SELECT 1 FROM run WHERE id = '${run.id}' FOR UPDATE`)
    const going = reserve(ledger, request)
    await untilWaiting(stopping)
    await stopping.query(`SELECT 1 FROM account WHERE repository_id = ${repositoryId} FOR UPDATE NOWAIT`)
    await stopping.query('COMMIT')
    expect(await going).toMatchObject({ run: { id: run.id }, heldMicroUsd: CAP, repeated: false })
    await stopping.end()
  })

  it('a reservation that can’t be serialized is begun again', async () => {
    // Some operators set this for all of their databases.
    const strict = new URL(url)
    strict.searchParams.set('options', '-c default_transaction_isolation=serializable')
    const other = await openDatabase({ url: strict.href })
    const repositoryId = await newRepository(other.prisma)
    const spec = portfolioAccount(100n * CENT)
    await openAccounts(other, repositoryId, [spec], NOW)
    const changing = await somebody(`UPDATE account SET frozen = frozen WHERE repository_id = ${repositoryId}`)
    const reserving = reserve(openLedger(other), requestFor(repositoryId, CAP, [spec]))
    await untilWaiting(changing)
    await changing.query('COMMIT')
    expect(await reserving).toMatchObject({ heldMicroUsd: CAP, repeated: false })
    await expectBalanced(other.prisma, repositoryId)
    await changing.end()
    await other.close()
  })

  describe('a COMMIT whose connection is cut', () => {
    let proxy: Awaited<ReturnType<typeof startProxy>>
    let cut: Database
    let cutLedger: Ledger
    beforeAll(async () => {
      proxy = await startProxy(url)
      cut = await openDatabase({ url: proxy.url })
      cutLedger = openLedger(cut)
    })
    afterAll(async () => {
      await cut.close()
      await proxy.close()
    })

    type Operation = (repositoryId: bigint, cutIt: (passing?: number) => void) => Promise<unknown>
    const accounts = [portfolioAccount(100n * CENT)]
    const request = (repositoryId: bigint) => requestFor(repositoryId, CAP, accounts)
    /** How many entries there are once it is carried out, and what holds then. */
    const operations: [string, Operation, number, object][] = [
      [
        'of a quote that waits',
        async (repositoryId, cutIt) => {
          cutIt()
          return propose(cutLedger, request(repositoryId))
        },
        0,
        { state: 'waiting' },
      ],
      [
        'that opens an account and reserves',
        async (repositoryId, cutIt) => {
          cutIt()
          return reserve(cutLedger, request(repositoryId))
        },
        2,
        { state: 'reserved', heldMicroUsd: CAP },
      ],
      [
        'of a reservation',
        async (repositoryId, cutIt) => {
          await openAccounts(cutLedger, repositoryId, accounts, NOW)
          cutIt()
          return reserve(cutLedger, request(repositoryId))
        },
        2,
        { state: 'reserved', heldMicroUsd: CAP },
      ],
      [
        'of a claim',
        async (repositoryId, cutIt) => {
          const { run } = await reservedRun(cutLedger, request(repositoryId))
          cutIt()
          return claim(cut.prisma, { runId: run.id, repositoryId, jobKey: 'job', now: NOW })
        },
        2,
        { state: 'claimed', drawnMicroUsd: CAP },
      ],
      [
        'of a report',
        async (repositoryId, cutIt) => {
          const { run, epoch } = await claimedRun(cutLedger, request(repositoryId))
          cutIt()
          return settle(cutLedger, { runId: run.id, epoch, report: reportOf(CENT), now: NOW })
        },
        4,
        { state: 'ended', spentMicroUsd: CENT },
      ],
      [
        'of a release',
        async (repositoryId, cutIt) => {
          const { run } = await reservedRun(cutLedger, request(repositoryId))
          cutIt()
          return release(cutLedger, run.id, 'dispatch-failed', NOW)
        },
        3,
        { state: 'ended', spentMicroUsd: 0n },
      ],
      [
        'of a run that vanished',
        async (repositoryId, cutIt) => {
          const { run } = await claimedRun(cutLedger, request(repositoryId))
          cutIt()
          return expire(cutLedger, run.id, NOW)
        },
        3,
        { state: 'ended', spentMicroUsd: CAP },
      ],
      [
        'of a late report',
        async (repositoryId, cutIt) => {
          const { run, epoch } = await claimedRun(cutLedger, request(repositoryId))
          await expire(cutLedger, run.id, NOW)
          cutIt()
          const report = reportOf(CENT, { noCallSent: true })
          return settle(cutLedger, { runId: run.id, epoch, report, now: NOW })
        },
        4,
        { state: 'ended', spentMicroUsd: CENT },
      ],
    ]
    const cuts: Cut[] = ['unsent', 'unanswered']
    it.each(operations.flatMap(([name, ...rest]) => cuts.map((how) => [name, how, ...rest] as const)))(
      '%s, %s, is carried out once, and its caller never knows',
      async (_name, how, operation, entries, run) => {
        const { prisma } = database
        const repositoryId = await newRepository(prisma)
        const before = proxy.cuts()
        const answer = await operation(repositoryId, (passing) => proxy.cutNext(how, passing))
        expect(proxy.cuts()).toBe(before + 1)
        expect(answer).not.toHaveProperty('refused')
        expect(await prisma.run.findMany({ where: { repositoryId } })).toMatchObject([run])
        expect(await prisma.session.count({ where: { repositoryId } })).toBe(1)
        expect(await entryCount(prisma, repositoryId)).toBe(entries)
        await expectBalanced(prisma, repositoryId)
      },
    )
  })

  describe('a row that somebody else holds and does not give back', () => {
    const AT_ONCE = 60
    const accounts = [portfolioAccount(1000n * CENT)]

    it('holds up its own repository alone, whose requests fail within the bound and keep nothing', async () => {
      const { prisma } = database
      const [theirs, ours] = [await newRepository(prisma), await newRepository(prisma)]
      for (const repositoryId of [theirs, ours]) await openAccounts(database, repositoryId, accounts, NOW)
      const held = await claimedRun(ledger, requestFor(theirs, CAP, accounts))
      const own = await claimedRun(ledger, requestFor(ours, CAP, accounts))
      const stuck = await somebody(`UPDATE account SET frozen = frozen WHERE repository_id = ${theirs}`)
      let answers = 0
      const settling = settle(ledger, { runId: held.run.id, epoch: held.epoch, report: reportOf(CENT), now: NOW })
      const asked = [
        settling,
        ...Array.from({ length: AT_ONCE }, () => reserve(ledger, requestFor(theirs, CAP, accounts))),
      ].map((one) => one.finally(() => (answers += 1)))
      const all = Promise.allSettled(asked)
      await untilWaiting(stuck)

      expect(await reserve(ledger, requestFor(ours, CAP, accounts))).toMatchObject({ repeated: false })
      const report = { runId: own.run.id, epoch: own.epoch, report: reportOf(CENT), now: NOW }
      expect(await settle(ledger, report)).toMatchObject({ spentMicroUsd: CENT })
      expect(answers).toBe(0)

      // Nobody gives the row back before all have their answer: the bound is the server's.
      expect(new Set((await all).map(({ status }) => status))).toEqual(new Set(['rejected']))
      await expect(settling).rejects.toMatchObject({ code: '55P03' })
      await stuck.query('COMMIT')
      await stuck.end()
      expect(await prisma.run.count({ where: { repositoryId: theirs } })).toBe(1)
      expect(await settle(ledger, { ...report, runId: held.run.id, epoch: held.epoch })).toMatchObject({
        repeated: false,
      })
      await expectBalanced(prisma, theirs)
      await expectBalanced(prisma, ours)
    })

    it('of very many repositories at once leaves connections for everybody else', async () => {
      const { prisma, pool } = database
      const many = await Promise.all(Array.from({ length: 2 * pool.options.max }, () => newRepository(prisma)))
      for (const repositoryId of many) await openAccounts(database, repositoryId, accounts, NOW)
      const stuck = await somebody(`UPDATE account SET frozen = frozen WHERE repository_id IN (${many.join()})`)
      const asked = Promise.all(many.map((repositoryId) => reserve(ledger, requestFor(repositoryId, CAP, accounts))))
      // Of those that go apart by now, half of the pool waits.
      await untilWaitingAre(pool.options.max / 2)
      await Promise.all(Array.from({ length: pool.options.max / 2 }, () => pool.query('SELECT 1')))
      expect(pool.waitingCount).toBe(0)
      await stuck.query('COMMIT')
      await stuck.end()
      expect(new Set((await asked).map((answer) => 'repeated' in answer && answer.repeated))).toEqual(new Set([false]))
    })

    it('is given back by a process of ours that is paused within a transaction', async () => {
      const bounds = 'lock_timeout statement_timeout idle_in_transaction_session_timeout'.split(' ')
      const settings = "SELECT name, setting::int AS ms FROM pg_settings WHERE name = ANY(string_to_array($1, ' '))"
      const { rows } = await database.pool.query<{ name: string; ms: number }>(settings, [bounds.join(' ')])
      const ms = Object.fromEntries(rows.map(({ name, ms }) => [name, ms]))
      expect(ms).toEqual({
        lock_timeout: 5_000,
        statement_timeout: 15_000,
        idle_in_transaction_session_timeout: 15_000,
      })
      const [own] = await database.prisma.$queryRaw<{ ms: number }[]>`
        SELECT setting::int AS ms FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'`
      expect(own?.ms).toBe(15_000)
    })
  })

  describe('a pool', () => {
    const AT_ONCE = 20
    const CONNECTIONS = 2
    const WAIT_MS = PATIENCE_MS / 2

    /** The ledger over a pool of its own that waits less long than the App's. */
    async function onPool(
      waits: Pick<pg.PoolConfig, 'connectionTimeoutMillis' | 'query_timeout'>,
      work: (own: Ledger, pool: pg.Pool, repositoryId: bigint) => Promise<void>,
    ): Promise<void> {
      const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, pipeline: true, ...waits })
      const repositoryId = await newRepository(database.prisma)
      try {
        await work(openLedger({ prisma: database.prisma, kind: 'server', pool }), pool, repositoryId)
      } finally {
        await pool.end()
      }
    }

    const storedFor = async (repositoryId: bigint) => {
      const { prisma } = database
      const where = { repositoryId }
      return [await prisma.session.count({ where }), await prisma.run.count({ where })]
    }

    it('with all its connections taken keeps nothing of what was asked, and all who asked together are told together', () =>
      onPool({ connectionTimeoutMillis: WAIT_MS }, async (own, pool, repositoryId) => {
        const accounts = [portfolioAccount(1000n * CENT)]
        await openAccounts(database, repositoryId, accounts, NOW)
        const requests = Array.from({ length: AT_ONCE }, () => requestFor(repositoryId, CAP, accounts))
        const taken = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()))
        const asked = requests.map((request) => reserve(own, request))
        const answers = Promise.allSettled(asked)
        await Promise.race(asked).catch(() => {})
        // Room for any that would be tried by itself now: none may be, since each would have waited as long again.
        for (const client of taken) client.release()
        expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set(['rejected']))
        await expect(asked[0]).rejects.toThrow('timeout exceeded when trying to connect')
        expect(await storedFor(repositoryId)).toEqual([0, 0])

        for (const request of requests) expect(await reserve(own, request)).toMatchObject({ repeated: false })
        await expectBalanced(database.prisma, repositoryId)
      }))

    it('whose server does not answer in time gives up all who wait for it, once, and keeps nothing', () =>
      onPool({ query_timeout: WAIT_MS }, async (own, pool, repositoryId) => {
        const accounts = [portfolioAccount(1000n * CENT)]
        await openAccounts(database, repositoryId, accounts, NOW)
        const locking = await somebody(`UPDATE account SET frozen = frozen WHERE repository_id = ${repositoryId}`)
        const requests = Array.from({ length: AT_ONCE }, () => requestFor(repositoryId, CAP, accounts))
        const asked = requests.map((request) => reserve(own, request))
        const answers = Promise.allSettled(asked)
        await Promise.race(asked).catch(() => {})
        await locking.query('COMMIT')
        await locking.end()
        expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set(['rejected']))
        await expect(asked[0]).rejects.toThrow('Query read timeout')
        expect(pool.totalCount).toBe(0)
        expect(await storedFor(repositoryId)).toEqual([0, 0])
        // Whoever is not held up may take as long as a slow machine needs.
        pool.options.query_timeout = undefined

        for (const request of requests) expect(await reserve(own, request)).toMatchObject({ repeated: false })
        await expectBalanced(database.prisma, repositoryId)
      }))
  })
})
