/** `purser import`: the ledger moves from a folder to a server and back, and is taken whole or not at all. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, it } from 'vitest'
import { startEmbedded } from '../../../app/database/embedded.ts'
import { migrate, readMigrations } from '../../../app/database/migrate.ts'
import { openDatabase } from '../../../app/database/open.ts'
import { onDisk } from '../../app/database/embedded-beginning.ts'
import { hasTestServer, startTestServer, warnServerMissing } from '../../app/database/server.ts'
import { keepBooks } from '../../app/ledger/books.ts'
import { folder, purser } from '../purser.ts'

async function exportOfBooks(cwd: string): Promise<void> {
  const database = await openDatabase({ dataDir: onDisk(join(cwd, 'old')) })
  await keepBooks(database)
  await database.close()
  expect(await purser(['export', 'ledger.jsonl'], { cwd, env: { PURSER_DATA: 'old' } })).toMatchObject({ code: 0 })
}

/** As whoever is interrupted leaves it: the engine's files, or some of the migrations. */
async function leaveHalf(place: { url: string } | { dataDir: string }, migrations: number): Promise<void> {
  const all = await readMigrations()
  if ('url' in place) {
    await migrate(place.url, all.slice(0, migrations))
    return
  }
  const engine = await startEmbedded(place.dataDir)
  await migrate(engine.connectionString, all.slice(0, migrations))
  await engine.stop()
}

const serverThere = await hasTestServer()
if (!serverThere) warnServerMissing()

it.skipIf(!serverThere)(
  'moves the ledger to a server and back',
  async () => {
    const cwd = folder()
    await exportOfBooks(cwd)
    const server = await startTestServer()
    try {
      const env = { DATABASE_URL: server?.url ?? '' }
      const none = { code: 1, stderr: expect.stringMatching(/^There is no ledger in the database that DATABASE_URL/) }
      expect(await purser(['audit'], { cwd, env })).toMatchObject(none)
      // The first one left nothing behind that passes for a ledger.
      expect(await purser(['export'], { cwd, env })).toMatchObject(none)
      await leaveHalf({ url: env.DATABASE_URL }, 7)
      const said = await purser(['import', 'ledger.jsonl'], { cwd, env })
      expect(said).toEqual({
        code: 0,
        stdout: expect.stringMatching(
          /^Imported 1 account, 13 entries, \d+ rows in all, into the PostgreSQL server at .*; counts and sums agree.\n$/,
        ),
        stderr: '',
      })
      expect(await purser(['audit'], { cwd, env })).toMatchObject({
        code: 0,
        stdout: '1 account, 13 entries, 4 sessions: all add up.\n',
      })
      const onServer = await purser(['export'], { cwd, env })
      expect(onServer.stdout).toBe(readFileSync(join(cwd, 'ledger.jsonl'), 'utf8'))

      onDisk(join(cwd, 'new'))
      const back = { PURSER_DATA: 'new' }
      const json = await purser(['import', '-', '--json'], { cwd, env: back, input: onServer.stdout })
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, totals: { rows: { run: '4' } } })
      expect((await purser(['export'], { cwd, env: back })).stdout).toBe(onServer.stdout)
    } finally {
      await server?.stop()
    }
  },
  180_000,
)

it('goes on where an import was interrupted before its tables were there, and not where there are rows', async () => {
  const cwd = folder()
  await exportOfBooks(cwd)
  for (const migrations of [0, 7]) {
    const env = { PURSER_DATA: `half-${migrations}` }
    await leaveHalf({ dataDir: join(cwd, env.PURSER_DATA) }, migrations)
    expect(await purser(['audit'], { cwd, env })).toMatchObject({ code: 1 })
    expect(await purser(['import', 'ledger.jsonl'], { cwd, env })).toMatchObject({ code: 0, stderr: '' })
  }
  const dataDir = join(cwd, 'older')
  await leaveHalf({ dataDir }, 7)
  const engine = await startEmbedded(dataDir)
  const client = new pg.Client({ connectionString: engine.connectionString })
  await client.connect()
  await client.query(
    "INSERT INTO repository (id, owner, name, installation_id, default_branch) VALUES (1, 'acme', 'shop', 1, 'main')",
  )
  await client.end()
  await engine.stop()
  expect(await purser(['import', 'ledger.jsonl'], { cwd, env: { PURSER_DATA: dataDir } })).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^the ledger lacks the migration \d+_\w+ and \d+ after it; expected one that/),
  })
}, 180_000)

it('makes no ledger of what is no export of this version', async () => {
  const cwd = folder({
    'bad.jsonl': 'not an export\n',
    'empty.jsonl': '',
    'older.jsonl': `${JSON.stringify({ purser: 'ledger', version: 1, migrations: [] })}\n`,
  })
  const env = { PURSER_DATA: 'new' }
  for (const file of ['bad.jsonl', 'empty.jsonl', 'older.jsonl']) {
    expect(await purser(['import', file], { cwd, env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing was imported.'),
    })
  }
  expect(readdirSync(cwd)).not.toContain('new')
  expect(await purser(['audit'], { cwd, env })).toMatchObject({ stderr: expect.stringMatching(/^There is no ledger/) })
}, 60_000)

it('says which line is wrong and leaves the ledger empty, so that the whole file can follow', async () => {
  const cwd = folder()
  await exportOfBooks(cwd)
  const text = readFileSync(join(cwd, 'ledger.jsonl'), 'utf8')
  const cut = text.slice(0, text.length - 10)
  writeFileSync(join(cwd, 'cut.jsonl'), cut)
  const lines = cut.split('\n').length
  const env = { PURSER_DATA: 'new' }
  expect(await purser(['import', 'cut.jsonl'], { cwd, env })).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      new RegExp(`^cut.jsonl:${lines}: not JSON, or cut off; expected .* Nothing was imported.\n$`),
    ),
  })
  expect(await purser(['import', 'ledger.jsonl'], { cwd, env })).toMatchObject({ code: 0 })
  const again = await purser(['import', 'ledger.jsonl', '--json'], { cwd, env })
  expect(again.code).toBe(1)
  expect(JSON.parse(again.stdout)).toMatchObject({
    ok: false,
    problem: expect.stringContaining('expected an empty one'),
  })
  expect(await purser(['import', 'none.jsonl'], { cwd, env })).toMatchObject({
    code: 1,
    stderr: 'none.jsonl is not there; expected a file that `purser export` wrote.\n',
  })
  expect(await purser(['import'], { cwd, env })).toMatchObject({ code: 2 })
}, 180_000)
