/** The same world over the App's own ledger: embedded, and in processes that are killed where the machine has a server. */

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../app/database/open.ts'
import { Counts } from '../../simulation/counts.ts'
import { DatabaseBooks } from '../../simulation/database-books.ts'
import { DatabaseLedger } from '../../simulation/database-ledger.ts'
import { isFine } from '../../simulation/print.ts'
import { Progress } from '../../simulation/progress.ts'
import { addRepositories } from '../../simulation/repositories.ts'
import { runSimulation } from '../../simulation/run-simulation.ts'
import { inMemory } from '../app/database/embedded-beginning.ts'
import { hasTestServer, startTestServer, type TestServer, warnServerMissing } from '../app/database/server.ts'

const TIMEOUT_MS = 240_000
const quiet = new Progress(0, false)
const args = { seed: 3, operations: 150, processes: 1, rush: false, json: true }

it('holds in the embedded database', { timeout: TIMEOUT_MS }, async () => {
  const result = await runSimulation({ ...args, database: 'embedded' }, quiet, () => false, inMemory())
  expect(result.outcome.broken).toBeUndefined()
  expect(isFine(result)).toBe(true)
  expect(result.outcome.operations).toBeGreaterThanOrEqual(150)
  expect(result.rush).toMatchObject({ asked: 1_000, granted: 16, refused: 984 })
})

const serverThere = await hasTestServer()
if (!serverThere) warnServerMissing()

describe.skipIf(!serverThere)('on a PostgreSQL server', () => {
  let server: TestServer | undefined
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server?.stop())

  it('holds with processes that are killed in the middle', { timeout: TIMEOUT_MS }, async () => {
    const { outcome } = await runSimulation({ ...args, processes: 2, database: server?.url }, quiet, () => false)
    expect(outcome.broken).toBeUndefined()
    expect(outcome).toMatchObject({ overshootMicroUsd: 0n, lostMicroUsd: 0n, stuckHolds: 0, falseRefusals: 0 })
    expect(outcome.counts['crash process']).toBeGreaterThan(0)
    expect(outcome.operations).toBeGreaterThanOrEqual(150)
  })

  it('asks again where it waited in vain for a lock that somebody else has', async () => {
    const database = await openDatabase({ url: server?.url })
    const [repositoryId = 0] = await addRepositories(database, 1)
    const other = new pg.Client({ connectionString: database.connectionString })
    await other.connect()
    await other.query('BEGIN')
    await other.query('SELECT 1 FROM repository WHERE id = $1 FOR UPDATE', [repositoryId])
    const counts = new Counts()
    const waited = new Promise<string>((resolve) => {
      counts.add = resolve
    })
    const books = new DatabaseBooks(database, [repositoryId])
    const ledger = new DatabaseLedger(database, books, () => 0, counts)
    const configured = ledger.configure(repositoryId, [], new Date())
    expect(await waited).toBe('fault waited in vain')
    await other.query('ROLLBACK')
    await configured
    await other.end()
    await books.close()
    await database.close()
  })
})
