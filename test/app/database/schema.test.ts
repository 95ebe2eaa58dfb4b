import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { readMigrations } from '../../../app/database/migrate.ts'
import { PrismaClient } from '../../../prisma/client/client.ts'
import { missingSql, SCHEMA_FILE } from '../../../scripts/schema-engine.ts'
import { onEachDatabase } from './each-database.ts'
import { inMemory } from './embedded-beginning.ts'

it('has migrations that agree with prisma/schema.prisma', async () => {
  const migrations = await readMigrations()
  expect(await missingSql(migrations, inMemory()), 'run `node scripts/migration.ts NAME`').toBeUndefined()
  // The comparison can tell: with the first migration alone something is missing.
  expect(await missingSql(migrations.slice(0, 1), inMemory())).toContain('ALTER')
})

it('has a client that was generated from prisma/schema.prisma as it is', async () => {
  const generated = await readFile(new URL('../../../prisma/client/internal/class.ts', import.meta.url), 'utf8')
  const [, literal = '""'] = /"inlineSchema": (".*"),$/m.exec(generated) ?? []
  const schema = await readFile(SCHEMA_FILE, 'utf8')
  expect(JSON.parse(literal) === schema, 'run `node scripts/prisma-generate.ts`').toBe(true)
  expect(PrismaClient).toBeTypeOf('function')
})

onEachDatabase('the schema', (database) => {
  it('has no column for a person', async () => {
    const columns = await database().prisma.$queryRaw<{ name: string }[]>`
      SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'`
    const person = /login|user|author|actor|sender|assignee|reviewer|email|avatar|person|member|requested_by/
    expect(columns.length).toBeGreaterThan(100)
    // A repository's owner is part of its name on GitHub; it says nothing about who asked for a run.
    expect(columns.map(({ name }) => name).filter((name) => person.test(name))).toEqual([])
  })

  it.each([
    ['UPDATE', 'UPDATE entry SET spent_change = 0'],
    ['DELETE', 'DELETE FROM entry'],
    ['TRUNCATE', 'TRUNCATE entry'],
  ])('refuses %s on entries', async (_what, sql) => {
    await expect(database().prisma.$executeRawUnsafe(sql)).rejects.toThrow('an entry is never changed or deleted')
  })

  it.each([
    ['DELETE', 'DELETE FROM account'],
    ['TRUNCATE', 'TRUNCATE account'],
    ['another id', 'UPDATE account SET id = id + 1'],
  ])('refuses %s on accounts, which entries and holds name', async (_what, sql) => {
    await expect(database().prisma.$executeRawUnsafe(sql)).rejects.toThrow('an account is never deleted')
  })

  it('refuses an account that spends and holds more than its ceiling, whoever writes it', async () => {
    const { prisma } = database()
    await prisma.$executeRaw`INSERT INTO repository VALUES (1, 'acme', 'shop', 1, 'main') ON CONFLICT DO NOTHING`
    const insert = (name: string, ceiling: number | null, spent: number, held: number) =>
      prisma.$executeRaw`
        INSERT INTO account (repository_id, kind, name, unit, period_start, period_end, budget, ceiling, spent, held)
        VALUES (1, 'portfolio', ${name}, 'usd', '2026-11-01', '2026-12-01', 100, ${ceiling}::bigint, ${spent}, ${held})`
    await expect(insert('above', 100, 60, 41)).rejects.toThrow('account_within_ceiling')
    await expect(insert('negative', 100, 60, -1)).rejects.toThrow('account_amounts')
    expect(await insert('exact', 100, 60, 40)).toBe(1)
    expect(await insert('unlimited', null, 600, 400)).toBe(1)
  })

  it('refuses a handled webhook that keeps its payload', async () => {
    const { prisma } = database()
    const receivedAt = new Date()
    await prisma.webhook.create({
      data: { deliveryId: 'one', repositoryId: 7, event: 'push', payload: '{"a":1}', receivedAt },
    })
    const handled = prisma.webhook.update({ where: { deliveryId: 'one' }, data: { handledAt: receivedAt } })
    await expect(handled).rejects.toThrow('webhook_payload_is_brief')
  })
})
