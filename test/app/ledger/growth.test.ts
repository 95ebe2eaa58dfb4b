/** However long the history is, none of it is read: rows are counted that the database itself says it has read. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Sql, transactSql } from '../../../app/database/transact.ts'
import { type EndRequest, endRuns } from '../../../app/ledger/end-runs.ts'
import type { ReserveRequest } from '../../../app/ledger/reserve.ts'
import { reserveRuns } from '../../../app/ledger/reserve-runs.ts'
import { settle } from '../../../app/ledger/settle.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { CENT, claimedRun, NOW, newRepository, openAccounts, portfolioAccount, reportOf, requestFor } from './scene.ts'

const HISTORY = 3000
/** Of a batch of a few; a table that is read as a whole gives a hundred times as many. */
const ROWS_MAX = 30
const ACCOUNT = portfolioAccount(100_000n * CENT)

onEachDatabase('after a long history', (database) => {
  let repositoryId: bigint
  const requests = () => Array.from({ length: 3 }, () => requestFor(repositoryId, 100n * CENT, [ACCOUNT]))

  beforeAll(async () => {
    const { prisma, ledger } = database()
    repositoryId = await newRepository(prisma)
    await openAccounts(ledger, repositoryId, [ACCOUNT])
    const { run, epoch } = await claimedRun(ledger, requestFor(repositoryId, 100n * CENT, [ACCOUNT]))
    await settle(ledger, { runId: run.id, epoch, report: reportOf(50n * CENT), now: NOW })
    for (const [table, fresh] of [
      ['account', `'id', n + 1000000, 'name', 'account ' || n`],
      ['session', `'id', 'session ' || n, 'command_key', 'command ' || n`],
      ['run', `'id', 'run ' || n, 'session_id', 'session ' || n, 'subject_key', 'subject ' || n`],
      ['hold', `'run_id', 'run ' || n, 'account_id', n + 1000000`],
      ['entry', `'id', n + 1000000, 'key', 'entry ' || n, 'run_id', 'run ' || n, 'account_id', n + 1000000`],
    ]) {
      await prisma.$executeRawUnsafe(`
        INSERT INTO ${table} SELECT another.*
        FROM (SELECT * FROM ${table} LIMIT 1) AS one, generate_series(1, ${HISTORY}) AS n,
          jsonb_populate_record(NULL::${table}, to_jsonb(one) || jsonb_build_object(${fresh})) AS another`)
    }
    await prisma.$executeRawUnsafe('ANALYZE')
  })

  /** How many rows of each table `work` reads, changes and finds by an index. */
  async function rowsReadBy(work: (sql: Sql) => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
    const [before, after] = await transactSql(database(), async (sql) => {
      const before = await sql.rows<Count>(READ, [])
      await work(sql)
      return [before, await sql.rows<Count>(READ, [])]
    })
    const earlier = new Map(before.map(({ table, rows }) => [table, rows]))
    const read = after.map(({ table, rows }) => [table, rows - (earlier.get(table) ?? 0)] as const)
    return Object.fromEntries(read.filter(([, rows]) => rows > 0))
  }

  function expectFew(read: Readonly<Record<string, number>>, tables: readonly string[]) {
    for (const table of tables) expect(read, table).toHaveProperty(table)
    for (const [table, rows] of Object.entries(read)) expect(rows, table).toBeLessThanOrEqual(ROWS_MAX)
  }

  it('a reservation reads few rows', async () => {
    const read = await rowsReadBy((sql) => reserveRuns(sql, requests()))
    expectFew(read, ['account'])
  })

  it('and so does a run’s end', async () => {
    const { ledger } = database()
    const ending = async (request: ReserveRequest): Promise<EndRequest> => {
      const { run, epoch } = await claimedRun(ledger, request)
      return { runId: run.id, now: NOW, by: { event: 'report', epoch, report: reportOf(50n * CENT) } }
    }
    const asked = await Promise.all(requests().map(ending))
    const read = await rowsReadBy((sql) => endRuns(sql, asked))
    expectFew(read, ['account', 'run', 'hold'])
  })
})

interface Count {
  readonly table: string
  readonly rows: number
}

/** Of this connection, with what an earlier transaction has left there. */
const READ = {
  name: 'read_rows',
  text: `
    SELECT relname AS "table", (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows
    FROM pg_stat_xact_user_tables`,
}
