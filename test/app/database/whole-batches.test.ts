import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type EmbeddedServer, startEmbedded } from '../../../app/database/embedded.ts'
import { WholeBatches } from '../../../app/database/whole-batches.ts'
import { inMemory } from './embedded-beginning.ts'

/** Large enough that the message with it reaches the socket in several pieces. */
const LARGE_BYTES = 1_000_000
const STATEMENTS = 20

let server: EmbeddedServer
beforeAll(async () => {
  server = await startEmbedded(undefined, inMemory())
})
afterAll(() => server.stop())

it('keeps the statements of many connections apart, also with large parameters', async () => {
  const pool = new pg.Pool({ connectionString: server.connectionString, max: 8 })
  const large = 'x'.repeat(LARGE_BYTES)
  const answers = await Promise.all(
    Array.from({ length: STATEMENTS }, async (_, index) => {
      const [small, length] = await Promise.all([
        pool.query<{ number: number }>('SELECT $1::int AS number', [index]),
        pool.query<{ length: number }>('SELECT length($1::text) + $2::int AS length', [large, index]),
      ])
      return [small.rows[0]?.number, length.rows[0]?.length]
    }),
  )
  expect(answers).toEqual(Array.from({ length: STATEMENTS }, (_, index) => [index, LARGE_BYTES + index]))
  await pool.end()
})

/** How many statements the engine has prepared, but for this question. */
async function keptBy(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements')
  return rows.filter(({ statement }) => !statement.includes('pg_prepared_statements')).length
}

it('plans a statement once for all connections, and anew when a table has changed', async () => {
  const server = await startEmbedded(undefined, inMemory())
  const [one, other] = [1, 2].map(() => new pg.Client({ connectionString: server.connectionString }))
  if (one === undefined || other === undefined) throw new Error('no clients')
  await Promise.all([one.connect(), other.connect()])
  await one.query('CREATE TABLE try (id int PRIMARY KEY)')
  const insert = (client: pg.Client, id: number | string) =>
    client.query('INSERT INTO try VALUES ($1) RETURNING *', [id])
  const answers = [await insert(one, 1), await insert(other, 2), await insert(one, 3)]
  expect(answers.map(({ rows }) => rows)).toEqual([[{ id: 1 }], [{ id: 2 }], [{ id: 3 }]])
  expect(await keptBy(one)).toBe(1)
  // What fails on the way says so, and nothing else suffers: a value, a duplicate, the statement itself.
  await expect(insert(one, 'x')).rejects.toThrow('invalid input syntax')
  await expect(insert(other, 1)).rejects.toThrow('duplicate key')
  await expect(one.query('SELECT nothing FROM try WHERE id = $1', [1])).rejects.toThrow('does not exist')
  await other.query('BEGIN')
  await expect(insert(other, 1)).rejects.toThrow('duplicate key')
  await expect(insert(other, 4)).rejects.toThrow('current transaction is aborted')
  await other.query('ROLLBACK')
  expect(await keptBy(one)).toBe(1)
  await one.query(`ALTER TABLE try ADD COLUMN more text DEFAULT 'new'`)
  expect((await insert(other, 4)).rows).toEqual([{ id: 4, more: 'new' }])
  await Promise.all([one.end(), other.end()])
  await server.stop()
})

it('plans a statement that comes as plain text once too, and answers as before', async () => {
  const server = await startEmbedded(undefined, inMemory())
  const [one, other] = [1, 2].map(() => new pg.Client({ connectionString: server.connectionString }))
  if (one === undefined || other === undefined) throw new Error('no clients')
  await Promise.all([one.connect(), other.connect()])
  await one.query('CREATE TABLE try (id int PRIMARY KEY, told text)')
  const next = `WITH last AS (SELECT coalesce(max(id), 0) AS id FROM try)
    INSERT INTO try SELECT id + 1, 'é' FROM last RETURNING *`
  const answers = [await one.query(next), await other.query(next), await one.query(next)]
  expect(answers.map(({ rows }) => rows)).toEqual([1, 2, 3].map((id) => [{ id, told: 'é' }]))
  expect(answers.map(({ command, rowCount, fields }) => [command, rowCount, fields.length])).toEqual(
    answers.map(() => ['INSERT', 1, 2]),
  )
  expect(await keptBy(one)).toBe(1)
  for (const text of ['SELECT id FROM try WHERE false', 'WITH gone AS (SELECT 1) DELETE FROM try WHERE false']) {
    for (const client of [one, other]) expect((await client.query(text)).rows).toEqual([])
  }
  await expect(one.query('SELECT 1 / (count(*) - 3) FROM try')).rejects.toThrow('division by zero')
  await expect(other.query('SELECT 1 / (count(*) - 3) FROM try')).rejects.toThrow('division by zero')
  await expect(other.query('SELECT nothing FROM try')).rejects.toThrow('does not exist')
  // Several in one text, one of them without an answer, go as they came.
  const both = await other.query('SELECT 1 AS one; SELECT 2 AS two')
  expect(both).toMatchObject([{ rows: [{ one: 1 }] }, { rows: [{ two: 2 }] }])
  await one.query('ALTER TABLE try ADD COLUMN more int DEFAULT 5')
  expect((await other.query('SELECT * FROM try WHERE id = 1')).rows).toEqual([{ id: 1, told: 'é', more: 5 }])
  await Promise.all([one.end(), other.end()])
  await server.stop()
})

it('rolls back what a connection left open when it goes away', async () => {
  const [left, other] = [1, 2].map(() => new pg.Client({ connectionString: server.connectionString }))
  if (left === undefined || other === undefined) throw new Error('no clients')
  await Promise.all([left.connect(), other.connect()])
  await left.query('CREATE TABLE try (id int)')
  await left.query('BEGIN')
  await left.query('INSERT INTO try VALUES (1)')
  left.on('error', () => {})
  left.connection.stream.destroy()
  expect((await other.query('SELECT * FROM try')).rows).toEqual([])
  await other.end()
})

it('says when the engine itself fails, so that nobody waits for it', async () => {
  const engine = new WholeBatches({ loadDataDir: inMemory() })
  await engine.waitReady
  let broken = 0
  engine.onBroken = () => {
    broken += 1
  }
  await engine.close()
  const sync = new Uint8Array(['S'.charCodeAt(0), 0, 0, 0, 4])
  await expect(engine.execProtocolRawStream(sync, { onRawData: () => {} })).rejects.toThrow()
  expect(broken).toBe(1)
})
