import { createHash } from 'node:crypto'
import pg from 'pg'
import { afterEach, expect, it, onTestFinished } from 'vitest'
import {
  expectMigrated,
  type Migration,
  MigrationProblem,
  migrate,
  readMigrations,
} from '../../../app/database/migrate.ts'
import { onEachDatabase } from './each-database.ts'
import { hasTestServer, startTestServer } from './server.ts'

const shipped = await readMigrations()

function migration(name: string, sql: string): Migration {
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

const first = migration('90000000000001_first', 'CREATE TABLE try (id INT PRIMARY KEY); INSERT INTO try VALUES (1);')
const second = migration('90000000000002_second', 'ALTER TABLE try ADD COLUMN name TEXT;')
const broken = migration('90000000000002_broken', 'INSERT INTO try VALUES (2); SELECT * FROM nowhere;')

onEachDatabase('migrating', (database) => {
  const run = (...more: readonly Migration[]) => migrate(database().connectionString, [...shipped, ...more])
  const tried = () => database().prisma.$queryRaw`SELECT * FROM try`

  afterEach(async () => {
    await database().prisma.$executeRaw`DROP TABLE IF EXISTS try`
    await database().prisma.$executeRaw`DELETE FROM _prisma_migrations WHERE migration_name LIKE '9%'`
  })

  it('applies each migration once, in order, and keeps the record that Prisma keeps', async () => {
    expect(await run(first)).toEqual([first.name])
    expect(await run(first, second)).toEqual([second.name])
    expect(await run(first, second)).toEqual([])
    const rows = await database().prisma.$queryRaw`
      SELECT migration_name AS name, checksum, applied_steps_count AS steps, finished_at IS NOT NULL AS finished,
             rolled_back_at AS "rolledBack", logs, length(id) AS "idLength"
      FROM _prisma_migrations ORDER BY migration_name`
    const record = { steps: 1, finished: true, rolledBack: null, logs: null, idLength: 36 }
    expect(rows).toEqual([...shipped, first, second].map(({ name, checksum }) => ({ name, checksum, ...record })))
  })

  it('applies them once when many processes start at once', async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => run(first, second)))
    expect(applied.flat().toSorted()).toEqual([first.name, second.name])
  })

  it('keeps nothing of a migration that fails', async () => {
    await run(first)
    await expect(run(first, broken)).rejects.toThrow(broken.name)
    expect(await tried()).toEqual([{ id: 1 }])
    expect(await run(first, second)).toEqual([second.name])
  })

  it('refuses a migration that was edited after it had been applied', async () => {
    await run(first)
    const edited = run({ ...first, checksum: 'f'.repeat(64) })
    await expect(edited).rejects.toThrow(MigrationProblem)
    await expect(edited).rejects.toThrow(`${first.name} was changed after it had been applied`)
  })

  it('refuses a database that a newer version has used', async () => {
    await run(first, second)
    await expect(run(first)).rejects.toThrow(/90000000000002_second.*does not know.*Update Purser/)
  })

  it('says what is missing where nothing is to be applied, and applies nothing', async () => {
    const expected = (...more: readonly Migration[]) =>
      expectMigrated(database().connectionString, [...shipped, ...more])
    await expect(expected()).resolves.toBeUndefined()
    await expect(expected(first)).rejects.toThrow(MigrationProblem)
    await expect(expected(first, second)).rejects.toThrow(/lacks the migration 90000000000001_first and 1 after it/)
    await expect(expected({ ...shipped[0], checksum: 'f'.repeat(64) } as Migration)).rejects.toThrow('was changed')
    expect(await run(first)).toEqual([first.name])
  })

  it('refuses a migration that Prisma began and did not finish, and goes on once it is rolled back', async () => {
    await database().prisma.$executeRaw`
      INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('1', ${first.checksum}, ${first.name})`
    await expect(run(first)).rejects.toThrow(`${first.name} began and did not finish`)
    await database().prisma.$executeRaw`UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = '1'`
    expect(await run(first)).toEqual([first.name])
  })
})

const serverThere = await hasTestServer()

it.skipIf(!serverThere)('lets webhooks that wait at an upgrade keep the order in which they came', async () => {
  const server = await startTestServer()
  onTestFinished(() => server?.stop())
  const url = server?.url ?? ''
  const before = shipped.findIndex(({ name }) => name.endsWith('_webhook_line'))
  await migrate(url, shipped.slice(0, before))
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    INSERT INTO webhook (delivery_id, event, payload, received_at)
    SELECT 'came-' || n, 'push', '{"repository": {"id": 7}}', '2026-11-26T10:00:00Z'::timestamptz + make_interval(secs => n)
    FROM generate_series(1, 3) AS n`)
  // Rewritten, it lies behind the others.
  await client.query(`UPDATE webhook SET attempts = 1 WHERE delivery_id = 'came-1'`)
  await migrate(url, shipped)
  const { rows } = await client.query(`SELECT delivery_id AS id FROM webhook WHERE repository_id = 7 ORDER BY number`)
  await client.end()
  expect(rows.map(({ id }) => id)).toEqual(['came-1', 'came-2', 'came-3'])
})
