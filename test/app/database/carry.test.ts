/** An export and an import between real databases. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { exportLedger } from '../../../app/database/carry/export.ts'
import { importLedger } from '../../../app/database/carry/import.ts'
import { openExport } from '../../../app/database/carry/read.ts'
import { carriedTables, leftBehind, type Totals } from '../../../app/database/carry/tables.ts'
import { type Database, openDatabase } from '../../../app/database/open.ts'
import { auditLedger } from '../../../app/ledger/audit.ts'
import { keepBooks } from '../ledger/books.ts'
import { newRepository } from '../ledger/scene.ts'
import { onEachDatabase } from './each-database.ts'
import { inMemory } from './embedded-beginning.ts'
import { hasTestServer, startTestServer, warnServerMissing } from './server.ts'

async function exported({ connectionString }: Database): Promise<readonly string[]> {
  const lines: string[] = []
  await exportLedger(connectionString, async (line) => void lines.push(line))
  return lines
}

async function* linesOf(texts: readonly string[]): AsyncGenerator<string> {
  for (const text of texts) yield text.replace(/\n$/, '')
}

async function importLines(connectionString: string, lines: readonly string[]): Promise<Totals> {
  return importLedger(connectionString, await openExport(linesOf(lines)))
}

async function withMemory<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ dataDir: inMemory() })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

const CANARY = 'canary-login'

/** Books, amounts that no number of JavaScript's holds, words of every kind, and a webhook that names somebody. */
async function fill(database: Database): Promise<void> {
  const { prisma } = database
  await keepBooks(database)
  const repositoryId = await newRepository(prisma)
  const period = { periodStart: new Date('2026-11-01T00:00:00.123Z'), periodEnd: new Date('2026-12-01T00:00:00Z') }
  const budget = 9_007_199_254_740_993n
  const account = await prisma.account.create({
    data: {
      repositoryId,
      kind: 'experiment',
      name: 'täglich "é" \u2028 \\u0041 \n',
      unit: 'tokens',
      budget,
      ...period,
    },
  })
  await prisma.entry.create({
    data: {
      accountId: account.id,
      kind: 'budget',
      budgetChange: budget,
      key: `account:${account.id}:opened`,
      at: period.periodStart,
    },
  })
  // Another language would sort these otherwise.
  for (const variant of ['Zebra', 'apfel', 'Äpfel', 'a-b', 'a_b', 'ab']) {
    await prisma.trial.create({ data: { repositoryId, family: 'review', variant, settled: 1 } })
  }
  const payload = JSON.stringify({ comment: { user: { login: CANARY } } })
  await prisma.webhook.create({ data: { deliveryId: 'one', repositoryId, event: 'issue_comment', payload } })
}

const serverThere = await hasTestServer()
if (!serverThere) warnServerMissing()

it.skipIf(!serverThere)(
  'carries a ledger from PGlite to a server and back, byte for byte',
  async () => {
    const server = await startTestServer()
    const first = await withMemory(async (database) => {
      await fill(database)
      return exported(database)
    })
    const onServer = await openDatabase({ url: server?.url })
    try {
      const totals = await importLines(onServer.connectionString, first)
      expect(totals).toMatchObject({ rows: { account: '2', run: '4' }, sums: { account: { overage: '300000' } } })
      const second = await exported(onServer)
      expect(second).toEqual(first)
      expect(second.join('')).toContain('9007199254740993')
      expect(second.join('')).not.toContain(CANARY)

      // The ledger goes on there: new rows get new numbers, and entries still can't be changed.
      await keepBooks(onServer)
      expect(await auditLedger(onServer.connectionString)).toMatchObject({ accounts: 3, findings: [] })
      await expect(onServer.prisma.$executeRaw`DELETE FROM entry`).rejects.toThrow(
        'an entry is never changed or deleted',
      )

      const third = await exported(onServer)
      await withMemory(async (database) => {
        await importLines(database.connectionString, third)
        expect(await exported(database)).toEqual(third)
      })
    } finally {
      await onServer.close()
      await server?.stop()
    }
  },
  60_000,
)

/** What a file may have gone through, what is said of it, and of which line. */
const damages: readonly (readonly [
  what: string,
  damage: (lines: readonly string[]) => readonly string[],
  said: RegExp,
  line: number | 'last' | undefined,
])[] = [
  ['nothing in it', () => [], /the file is empty/, undefined],
  ['no header', (lines) => lines.slice(1), /no header .* expected \{"purser":"ledger","version":1/, 1],
  [
    'a later format',
    ([header = '', ...rest]) => [header.replace('"version":1', '"version":2'), ...rest],
    /no header of an export that this version/,
    1,
  ],
  [
    'a migration of another name',
    ([header = '', ...rest]) => [header.replace('_thaw', '_melt'), ...rest],
    /this one lacks \d+_melt; the export lacks \d+_thaw; expected the same/,
    1,
  ],
  ['no trailer', (lines) => lines.slice(0, -1), /ends here; expected its trailer, so it was cut/, 'last'],
  [
    'a cut in the middle of a row',
    (lines) => [...lines.slice(0, 4), lines[4]?.slice(0, 40) ?? ''],
    /not JSON, or cut off; expected a row/,
    5,
  ],
  [
    'a line of something else',
    (lines) => [...lines.slice(0, 2), '{"table":"webhook","row":{}}\n', ...lines.slice(2)],
    /no row of the ledger; expected a row/,
    3,
  ],
  ['more after its trailer', (lines) => [...lines, lines[1] ?? ''], /more after the trailer/, 'last'],
  [
    'a row that is gone',
    (lines) => lines.filter((line) => !line.includes('"table":"trial"')),
    /SHA-256; rows of trial: 0, expected 6/,
    'last',
  ],
  [
    'another amount',
    (lines) => lines.map((line) => line.replace('"spent_change": 2500000', '"spent_change": 2500001')),
    /SHA-256; the sum of entry.spent_change: 5000001, expected 5000000/,
    'last',
  ],
  [
    'another word',
    (lines) => lines.map((line) => line.replace('"variant": "Zebra"', '"variant": "Zorse"')),
    /are not those that were exported, by their SHA-256$/,
    'last',
  ],
  [
    'an account beyond its ceiling',
    (lines) => lines.map((line) => line.replace('"held": 1000000', '"held": 9000000')),
    /PostgreSQL refuses this row of account: .*account_within_ceiling.*; expected it as it was exported/,
    4,
  ],
  [
    'a hold of a run that is not there',
    (lines) => lines.filter((line) => !line.includes('"table":"run"')),
    /a row of hold names the run [-0-9a-f]+, which is not there; expected all that was exported/,
    'last',
  ],
]

onEachDatabase('an import', (database) => {
  it('carries every table, in an order in which rows come after those that they refer to', async () => {
    const { prisma } = database()
    const tables = await prisma.$queryRaw<{ name: string }[]>`
      SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'`
    expect(tables.map(({ name }) => name).sort()).toEqual([...carriedTables, ...Object.keys(leftBehind)].sort())
    const references = await prisma.$queryRaw<{ from: string; to: string }[]>`
      SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to" FROM pg_constraint
      WHERE contype = 'f' AND connamespace = 'public'::regnamespace`
    const names: readonly string[] = carriedTables
    const order = (name: string) => names.indexOf(name)
    expect(references.length).toBeGreaterThan(3)
    for (const { from, to } of references) expect(order(to), `${from} refers to ${to}`).toBeLessThan(order(from))
  })

  it.each(damages)('of a file with %s changes nothing', async (_what, damage, said, at) => {
    const { connectionString, prisma } = database()
    const lines = damage(await source())
    const line = at === 'last' ? lines.length : at
    const refused = importLines(connectionString, lines)
    await expect(refused).rejects.toThrow(said)
    await expect(refused).rejects.toMatchObject({ name: 'ImportRefused', line })
    expect(await prisma.repository.count()).toBe(0)
  })

  it('of a file that was changed with its digest still compares the sums', async () => {
    const { connectionString } = database()
    const lines = (await source()).map((line) => line.replace('"amount": 4000000', '"amount": 3999999'))
    const body = lines.slice(0, -1)
    const sha256 = createHash('sha256').update(body.join('')).digest('hex')
    const trailer = (lines.at(-1) ?? '').replace(/"sha256":"\w+"/, `"sha256":"${sha256}"`)
    const refused = importLines(connectionString, [...body, trailer])
    await expect(refused).rejects.toThrow(
      'what was imported is not what was exported; the sum of hold.amount: 8999999, expected 9000000',
    )
  })

  it('is refused by a ledger that holds anything', async () => {
    const { connectionString, prisma } = database()
    await importLines(connectionString, await source())
    const before = await exported(database())
    await expect(importLines(connectionString, await source())).rejects.toThrow(
      /holds rows already \(2 of repository, .*\); expected an empty one/,
    )
    expect(await exported(database())).toEqual(before)
    expect(await prisma.webhook.count()).toBe(0)
  })
})

let kept: readonly string[] | undefined

/** One export for all. */
async function source(): Promise<readonly string[]> {
  kept ??= await withMemory(async (database) => {
    await fill(database)
    return exported(database)
  })
  return kept
}
