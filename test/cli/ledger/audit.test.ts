/** `purser audit` on an embedded ledger. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../app/database/open.ts'
import { onDisk } from '../../app/database/embedded-beginning.ts'
import { editByHand, keepBooks } from '../../app/ledger/books.ts'
import { purserHere } from '../here.ts'
import { folder, purser } from '../purser.ts'

it('says that all adds up, then names the account and the entry that was edited', async () => {
  const cwd = folder()
  const none = await purserHere(['audit'], { cwd })
  expect(none).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^There is no ledger in .purser\/data; set PURSER_DATA/),
  })

  const dataDir = join(cwd, '.purser/data')
  const before = await openDatabase({ dataDir: onDisk(dataDir) })
  const names = await keepBooks(before)
  expect(await purser(['audit'], { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use by') })
  await before.close()
  expect(await purser(['audit'], { cwd })).toEqual({
    code: 0,
    stdout: '1 account, 13 entries, 4 sessions: all add up.\n',
    stderr: '',
  })

  const after = await openDatabase({ dataDir })
  await after.pool.query(editByHand(names, "UPDATE entry SET spent_change = 1 WHERE key = 'run:$a:settle:$A'"))
  await after.close()
  const key = `run:${names.$a}:settle:${names.$A}`
  const { code, stdout } = await purserHere(['audit'], { cwd })
  expect(code).toBe(1)
  expect(stdout.replace(/shop-\d+/, 'shop').replace(/entry \d+/, 'entry 3')).toBe(
    `acme/shop, portfolio refactoring of 2026-11-01 to 2026-12-01 (account ${names.$A}):
  entry 3 (${key}): spent_change is $0.000001, expected $2.50
1 account, 13 entries, 4 sessions: 1 row to look at.
`,
  )
  const json = await purserHere(['audit', '--json'], { cwd })
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: false,
    accounts: 1,
    entries: 13,
    findings: [
      {
        account: { id: names.$A, kind: 'portfolio', name: 'refactoring', unit: 'usd' },
        problem: 'changed',
        rows: [{ table: 'entry', key }],
        differences: [{ column: 'spent_change', is: '1', expected: '2500000' }],
      },
    ],
  })
}, 120_000)

it('leaves a ledger that an older version has used as it is', async () => {
  const cwd = folder()
  const dataDir = onDisk(join(cwd, '.purser/data'))
  const older = await openDatabase({ dataDir })
  const newest = 'SELECT max(migration_name) FROM _prisma_migrations'
  await older.pool.query(`DELETE FROM _prisma_migrations WHERE migration_name = (${newest})`)
  await older.close()
  expect(await purserHere(['audit'], { cwd })).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^the ledger lacks the migration \d+_\w+; expected one that this version’s App has used/,
    ),
  })
  // It is still missing.
  await expect(openDatabase({ dataDir, migrates: false })).rejects.toThrow('lacks the migration')
})

it('takes a folder that is set to nothing for one that is not set', async () => {
  const env = { PURSER_DATA: '' }
  expect(await purserHere(['audit'], { cwd: folder({ PG_VERSION: '17' }), env })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^There is no ledger in \.purser\/data;/),
  })
})
