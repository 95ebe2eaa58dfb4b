/** `purser export` of an embedded ledger. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../app/database/open.ts'
import { onDisk } from '../../app/database/embedded-beginning.ts'
import { keepBooks } from '../../app/ledger/books.ts'
import { start } from '../../world/start.ts'
import { purserHere } from '../here.ts'
import { folder, LAUNCHER } from '../purser.ts'

it('writes the same ledger to standard output and into a file that only its owner reads', async () => {
  const cwd = folder()
  expect(await purserHere(['export'], { cwd })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('no ledger'),
  })
  const database = await openDatabase({ dataDir: onDisk(join(cwd, '.purser/data')) })
  await keepBooks(database)
  const payload = JSON.stringify({ sender: { login: 'canary-login' } })
  await database.prisma.webhook.create({ data: { deliveryId: 'one', repositoryId: 7, event: 'push', payload } })
  await database.close()

  // What it says beside the ledger nobody hears, which is no failure.
  const unheard = ['-c', '"$0" "$1" export 2> >(exec true)', process.execPath, LAUNCHER]
  const { code, stdout: alone } = await start('bash', unheard, { cwd }).ended
  expect(code).toBe(0)

  const { code: again, stdout, stderr } = await purserHere(['export'], { cwd })
  expect(again).toBe(0)
  expect(alone.toString('utf8')).toBe(stdout)
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^\{"purser":"ledger","version":1,"migrations":\["20261120160000_ledger",/)
  expect(lines[1]).toMatch(/^\{"table":"repository","row":\{"id": \d+, "name": "shop-/)
  expect(lines.at(-1)).toMatch(/^\{"end":"ledger","rows":\{"repository":"1","account":"1",/)
  expect(stdout).not.toContain('canary')
  expect(stderr).toMatch(
    /^Exported 1 account, 13 entries, \d+ rows in all, to standard output.\n1 received webhook is not handled yet/,
  )

  writeFileSync(join(cwd, 'ledger.jsonl'), 'an older one')
  const whole = await purserHere(['export', 'ledger.jsonl', '--json'], { cwd })
  expect(JSON.parse(whole.stdout)).toMatchObject({ ok: true, totals: { rows: { account: '1' } }, unhandledWebhooks: 1 })
  expect(readFileSync(join(cwd, 'ledger.jsonl'), 'utf8')).toBe(stdout)
  expect(readdirSync(cwd).sort()).toEqual(['.purser', 'ledger.jsonl'])
  expect((await purserHere(['export', 'new.jsonl'], { cwd })).stderr).toContain('to new.jsonl.\n')
  expect(statSync(join(cwd, 'new.jsonl')).mode & 0o777).toBe(0o600)
}, 120_000)

it('refuses a place that is no file, and --json without one', async () => {
  const cwd = folder()
  mkdirSync(join(cwd, 'there'))
  expect(await purserHere(['export', 'there'], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is there and is no file; expected a new one'),
  })
  writeFileSync(join(cwd, 'file'), '')
  for (const nowhere of ['gone/ledger.jsonl', 'file/ledger.jsonl', 'file/gone/ledger.jsonl']) {
    expect(await purserHere(['export', nowhere], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^(gone|file)\/.* would lie in .*, which is no folder; expected one that is there/),
    })
  }
  expect(await purserHere(['export', '--json'], { cwd })).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('no file, and --json'),
  })
}, 60_000)
