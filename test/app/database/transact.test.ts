import { expect, it } from 'vitest'
import { jsonArray, TextArrays } from '../../../app/database/text-array.ts'
import { transact, transactSql } from '../../../app/database/transact.ts'
import { newRepository } from '../ledger/scene.ts'
import { onEachDatabase } from './each-database.ts'

onEachDatabase('a transaction', (database) => {
  const failing = (sqlState: string, times: number) => {
    let begun = 0
    const result = transact(database().prisma, async (transaction) => {
      begun += 1
      if (begun <= times) {
        await transaction.$executeRawUnsafe(`DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${sqlState}'; END $$`)
      }
      return 'done'
    })
    return { result, begun: () => begun }
  }

  it.each(['40001', '40P01', '23505'])('is begun again when it lost to another one (%s)', async (sqlState) => {
    const { result, begun } = failing(sqlState, 2)
    expect(await result).toBe('done')
    expect(begun()).toBe(3)
  })

  it('is given up after a bounded number of tries', async () => {
    const { result, begun } = failing('40P01', 1000)
    await expect(result).rejects.toThrow('40P01')
    expect(begun()).toBe(5)
  })

  it('is not begun again for any other error', async () => {
    const { result, begun } = failing('23514', 1)
    await expect(result).rejects.toThrow('23514')
    expect(begun()).toBe(1)
  })

  it('survives a real deadlock', async () => {
    const { prisma } = database()
    await prisma.$executeRaw`CREATE TABLE pair (id int PRIMARY KEY, n int)`
    await prisma.$executeRaw`INSERT INTO pair VALUES (1, 0), (2, 0)`
    const both = (first: number, second: number) =>
      transact(prisma, async (transaction) => {
        await transaction.$executeRaw`UPDATE pair SET n = n + 1 WHERE id = ${first}`
        await transaction.$queryRaw`SELECT pg_sleep(0.05)::text`
        await transaction.$executeRaw`UPDATE pair SET n = n + 1 WHERE id = ${second}`
      })
    await Promise.all([both(1, 2), both(2, 1)])
    expect(await prisma.$queryRaw`SELECT n FROM pair`).toEqual([{ n: 2 }, { n: 2 }])
  })

  it('is asked several things at once, which are done in that order, all or none', async () => {
    await database().prisma.$executeRaw`CREATE TABLE step (id int PRIMARY KEY)`
    const insert = { name: 'insert_step', text: 'INSERT INTO step SELECT $1::int / $2::int' }
    const count = { name: 'count_steps', text: 'SELECT count(*)::int AS count FROM step' }
    const inserting = (ids: readonly number[], divisor: number) =>
      transactSql(database(), async (sql) => {
        const [, , counted] = await Promise.all([
          sql.rows(insert, [ids[0] ?? 0, 1]),
          sql.rows(insert, [ids[1] ?? 0, divisor]),
          sql.rows(count, []),
        ])
        return counted
      })
    expect(await inserting([1, 2], 1)).toEqual([{ count: 2 }])
    await expect(inserting([3, 4], 0)).rejects.toThrow('division by zero')
    expect(await inserting([5, 6], 1)).toEqual([{ count: 4 }])
  })

  it('plans nothing on a server so that it reads a whole table, small as that may be when the plan is made', async () => {
    if (database().kind === 'embedded') return
    await newRepository(database().prisma)
    const plan = await transactSql(database(), async (sql) => {
      await sql.rows({ name: 'analyze_repositories', text: 'ANALYZE repository' }, [])
      return sql.rows({ name: 'explain_repository', text: 'EXPLAIN SELECT 1 FROM repository WHERE id = $1' }, [7])
    })
    expect(JSON.stringify(plan)).toMatch(/Index.*repository_pkey/)
  })

  it('has no statement compiled on a server, however much is thought to come of it', async () => {
    const { kind, pool } = database()
    const { rows } = await pool.query("SELECT current_setting('jit') AS jit")
    if (kind === 'server') expect(rows).toEqual([{ jit: 'off' }])
  })

  it('is given JSON texts as they are', async () => {
    const given = { name: 'given_json', text: 'SELECT given::text AS text FROM unnest($1::json[]) AS given' }
    const told = (texts: readonly (string | null)[]) =>
      transactSql(database(), (sql) => sql.rows(given, [jsonArray(texts)]))
    const texts = ['{"a": "\\"\\\\ ,{}"}', null, '"für 5 € 🎉"', '[]', 'null']
    expect(await told(texts)).toEqual(texts.map((text) => ({ text })))
    expect(await told([])).toEqual([])
  })

  it('is given texts as they are, though what they are written in is used again', async () => {
    const given = { name: 'given_text', text: 'SELECT given AS text FROM unnest($1::text[]) AS given' }
    const arrays = new TextArrays()
    const used: ArrayBufferLike[] = []
    const told = (texts: readonly (string | null)[]) =>
      arrays.lend(texts, (array) => {
        used.push(array.buffer)
        return transactSql(database(), (sql) => sql.rows(given, [array]))
      })
    const asRows = (texts: readonly (string | null)[]) => texts.map((text) => ({ text }))
    const [long, short] = [
      ['x'.repeat(100_000), null, '"für 5 € 🎉" {\\}'],
      ['', 'y'],
    ]
    expect(await told(long)).toEqual(asRows(long))
    expect(await told(short)).toEqual(asRows(short))
    expect(await Promise.all([told(long), told(short)])).toEqual([asRows(long), asRows(short)])
    const [first, again, atOnce, other] = used
    expect(again).toBe(first)
    expect(atOnce).toBe(first)
    expect(other).not.toBe(first)
    expect(await told([])).toEqual([])

    const broken = arrays.lend(short, (array) => {
      used.push(array.buffer)
      return Promise.reject(new Error('nobody knows whether it was sent'))
    })
    await expect(broken).rejects.toThrow('nobody knows')
    const failed = used.at(-1)
    await Promise.all([told(long), told(long), told(long)])
    expect(used.slice(-3)).not.toContain(failed)
  })
})
