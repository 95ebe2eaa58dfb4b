/** `purser thaw` on an embedded ledger. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../app/database/open.ts'
import { onDisk } from '../../app/database/embedded-beginning.ts'
import { purserHere } from '../here.ts'
import { folder, purser } from '../purser.ts'

it('lists what is frozen and releases it with a reason, while no App has the ledger open', async () => {
  const cwd = folder()
  expect(await purserHere(['thaw'], { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('no ledger') })

  const dataDir = join(cwd, '.purser/data')
  const before = await openDatabase({ dataDir: onDisk(dataDir) })
  await before.prisma.repository.create({
    data: { id: 1n, owner: 'acme', name: 'shop', installationId: 1n, defaultBranch: 'main' },
  })
  const period = { periodStart: new Date('2026-01-01T00:00:00Z'), periodEnd: new Date('2126-01-01T00:00:00Z') }
  const account = { repositoryId: 1n, kind: 'portfolio', unit: 'usd', budget: 0n, ...period } as const
  await before.prisma.account.create({ data: { ...account, name: 'refactoring', overage: 500_000n, frozen: true } })
  await before.prisma.account.create({ data: { ...account, name: 'incidents' } })
  expect(await purser(['thaw'], { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('in use') })
  await before.close()

  const listed = 'acme/shop: portfolio refactoring: a provider billed $0.50 more than was held, until 2126-01-01\n'
  expect(await purserHere(['thaw'], { cwd })).toEqual({ code: 0, stdout: listed, stderr: '' })
  expect(await purserHere(['thaw', 'refactoring'], { cwd })).toMatchObject({ code: 2 })
  const reason = ['--reason', 'The price is mended']
  expect(await purserHere(['thaw', 'incidents', ...reason], { cwd })).toMatchObject({ code: 1, stdout: '' })
  expect(await purser(['thaw', 'refactoring', ...reason], { cwd })).toMatchObject({ code: 0 })

  const after = await openDatabase({ dataDir })
  expect(await after.prisma.account.count({ where: { frozen: true } })).toBe(0)
  expect(await after.prisma.entry.findMany({ where: { kind: 'thaw' } })).toMatchObject([
    { note: 'The price is mended', spentChange: 0n, overageChange: 0n },
  ])
  await after.close()
  expect(await purserHere(['thaw', '--json'], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('[]'),
  })
}, 120_000)
