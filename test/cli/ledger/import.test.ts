/** `purser import`: the ledger moves from a folder to a server and back, and is taken whole or not at all. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { beforeAll, expect, it } from 'vitest'
import { exportLedger } from '../../../app/database/carry/export.ts'
import { startEmbedded } from '../../../app/database/embedded.ts'
import { migrate, readMigrations } from '../../../app/database/migrate.ts'
import { openDatabase } from '../../../app/database/open.ts'
import { inMemory, onDisk } from '../../app/database/embedded-beginning.ts'
import { hasTestServer, startTestServer, warnServerMissing } from '../../app/database/server.ts'
import { keepBooks } from '../../app/ledger/books.ts'
import { purserHere } from '../here.ts'
import { folder, purser } from '../purser.ts'

/** One for all. */
let ledger = ''
beforeAll(async () => {
  const database = await openDatabase({ dataDir: inMemory() })
  await keepBooks(database)
  await exportLedger(database.connectionString, async (line) => {
    ledger += line
  })
  await database.close()
})

async function migrateHalf(url: string, migrations: number): Promise<void> {
  await migrate(url, (await readMigrations()).slice(0, migrations))
}

/** As whoever is interrupted leaves it: the engine's files, or some of the migrations; then with what `sql` does. */
async function makeHalf(dataDir: string, migrations: number, sql = ''): Promise<void> {
  const engine = await startEmbedded(onDisk(dataDir))
  await query(engine.connectionString, 'DROP SCHEMA pgboss, public CASCADE; CREATE SCHEMA public')
  await migrateHalf(engine.connectionString, migrations)
  await query(engine.connectionString, sql)
  await engine.stop()
}

async function inFolder(dataDir: string, sql: string): Promise<void> {
  const engine = await startEmbedded(dataDir)
  await query(engine.connectionString, sql)
  await engine.stop()
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(sql)
  await client.end()
}

const serverThere = await hasTestServer()
if (!serverThere) warnServerMissing()

it.skipIf(!serverThere)(
  'moves the ledger to a server and back',
  async () => {
    const cwd = folder({ 'ledger.jsonl': ledger })
    const server = await startTestServer()
    try {
      const env = { DATABASE_URL: server?.url ?? '' }
      const none = { code: 1, stderr: expect.stringMatching(/^There is no ledger in the database that DATABASE_URL/) }
      expect(await purserHere(['audit'], { cwd, env })).toMatchObject(none)
      // The first one left nothing behind that passes for a ledger.
      expect(await purserHere(['export'], { cwd, env })).toMatchObject(none)
      await migrateHalf(env.DATABASE_URL, 7)
      const said = await purser(['import', 'ledger.jsonl'], { cwd, env })
      expect(said).toEqual({
        code: 0,
        stdout: expect.stringMatching(
          /^Imported 1 account, 13 entries, \d+ rows in all, into the PostgreSQL server at .*; counts and sums agree.\n$/,
        ),
        stderr: '',
      })
      expect(await purserHere(['audit'], { cwd, env })).toMatchObject({
        code: 0,
        stdout: '1 account, 13 entries, 4 sessions: all add up.\n',
      })
      const onServer = await purserHere(['export'], { cwd, env })
      expect(onServer.stdout).toBe(ledger)

      onDisk(join(cwd, 'new'))
      const back = { PURSER_DATA: 'new' }
      const json = await purser(['import', '-', '--json'], { cwd, env: back, input: onServer.stdout })
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, totals: { rows: { run: '4' } } })
      expect((await purserHere(['export'], { cwd, env: back })).stdout).toBe(onServer.stdout)
    } finally {
      await server?.stop()
    }
  },
  180_000,
)

it('goes on where an import was interrupted before its tables were there, and not where there are rows', async () => {
  const cwd = folder({ 'ledger.jsonl': ledger })
  const rowless = { PURSER_DATA: 'rowless' }
  await makeHalf(join(cwd, 'rowless'), 0)
  expect(await purserHere(['audit'], { cwd, env: rowless })).toMatchObject({ code: 1 })
  expect(await purserHere(['import', 'ledger.jsonl'], { cwd, env: rowless })).toMatchObject({ code: 0, stderr: '' })

  const row =
    "INSERT INTO repository (id, owner, name, installation_id, default_branch) VALUES (1, 'acme', 'shop', 1, 'main')"
  const older = { PURSER_DATA: 'older' }
  await makeHalf(join(cwd, 'older'), 7, row)
  expect(await purserHere(['import', 'ledger.jsonl'], { cwd, env: older })).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^the ledger lacks the migration \d+_\w+ and \d+ after it; expected one that/),
  })
  await inFolder(join(cwd, 'older'), 'DELETE FROM repository')
  expect(await purserHere(['audit'], { cwd, env: older })).toMatchObject({ code: 1 })
  expect(await purserHere(['import', 'ledger.jsonl'], { cwd, env: older })).toMatchObject({ code: 0, stderr: '' })
}, 180_000)

it('makes no ledger of what is no export of this version', async () => {
  const cwd = folder({
    'bad.jsonl': 'not an export\n',
    'empty.jsonl': '',
    'older.jsonl': `${JSON.stringify({ purser: 'ledger', version: 1, migrations: [] })}\n`,
  })
  const env = { PURSER_DATA: 'new' }
  for (const file of ['bad.jsonl', 'empty.jsonl', 'older.jsonl']) {
    expect(await purserHere(['import', file], { cwd, env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing was imported.'),
    })
  }
  expect(readdirSync(cwd)).not.toContain('new')
  expect(await purserHere(['audit'], { cwd, env })).toMatchObject({
    stderr: expect.stringMatching(/^There is no ledger/),
  })
}, 60_000)

it('says which line is wrong and leaves the ledger empty, so that the whole file can follow', async () => {
  const cut = ledger.slice(0, -10)
  const cwd = folder({ 'ledger.jsonl': ledger, 'cut.jsonl': cut })
  const lines = cut.split('\n').length
  const env = { PURSER_DATA: 'new' }
  expect(await purserHere(['import', 'cut.jsonl'], { cwd, env })).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      new RegExp(`^cut.jsonl:${lines}: not JSON, or cut off; expected .* Nothing was imported.\n$`),
    ),
  })
  expect(await purser(['import', 'ledger.jsonl'], { cwd, env })).toMatchObject({ code: 0 })
  const again = await purserHere(['import', 'ledger.jsonl', '--json'], { cwd, env })
  expect(again.code).toBe(1)
  expect(JSON.parse(again.stdout)).toMatchObject({
    ok: false,
    problem: expect.stringContaining('expected an empty one'),
  })
  expect(await purserHere(['import', 'none.jsonl'], { cwd, env })).toMatchObject({
    code: 1,
    stderr: 'none.jsonl is not there; expected a file that `purser export` wrote.\n',
  })
  expect(await purserHere(['import'], { cwd, env })).toMatchObject({ code: 2 })
}, 180_000)
