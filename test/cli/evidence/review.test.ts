/** `purser review` on an embedded ledger. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../app/database/open.ts'
import { onDisk } from '../../app/database/embedded-beginning.ts'
import { keepBooks } from '../../app/ledger/books.ts'
import { purserHere } from '../here.ts'
import { declared, folder, purser } from '../purser.ts'

it('reviews a period of the ledger, and says where there is none', async () => {
  const cwd = folder(declared)
  expect(await purserHere(['review'], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^There is no ledger/),
  })
  const database = await openDatabase({ dataDir: onDisk(join(cwd, '.purser/data')) })
  await keepBooks(database)
  const { owner, name } = await database.prisma.repository.findFirstOrThrow({ where: { accounts: { some: {} } } })
  await database.close()
  const { code, stdout } = await purser(['review', '--period', '2026-11', '--json'], { cwd })
  expect(code).toBe(0)
  const review = JSON.parse(stdout)
  expect(review).toMatchObject({ repository: `${owner}/${name}`, per: 'month', from: '2026-11-01', to: '2026-11-30' })
  expect(review.portfolios).toEqual([
    expect.objectContaining({
      name: 'refactoring',
      value: 'quality',
      measure: 'rework-and-reverts',
      highCost: 'Deep context pays here.',
      budget: expect.objectContaining({ unit: 'usd', spent: expect.stringMatching(/^[1-9]\d*$/) }),
    }),
  ])
}, 240_000)

it.each(['2026-13', '2026-02-30', '2026-04-31'])('takes no period %s', async (period) => {
  expect(await purserHere(['review', '--period', period])).toEqual({
    code: 2,
    stdout: '',
    stderr: `error: --period ${period} is no month or day; expected one; for example 2026-10 or 2026-10-12\n(add --help for an example)\n`,
  })
})
