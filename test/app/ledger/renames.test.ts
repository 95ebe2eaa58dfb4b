import { expect, it } from 'vitest'
import { accountsAsDeclared } from '../../../app/ledger/accounts.ts'
import { reserve } from '../../../app/ledger/reserve.ts'
import { settle } from '../../../app/ledger/settle.ts'
import type { AccountSpec } from '../../../core/money/account.ts'
import { periodOf } from '../../../core/money/calendar.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { entryCount, expectBalanced } from './balance.ts'
import {
  CENT,
  claimOf,
  granted,
  NOW,
  newRepository,
  openAccounts,
  portfolioAccount,
  reportOf,
  requestFor,
} from './scene.ts'

const DECEMBER = new Date('2026-12-05T12:00:00Z')
const BUDGET = 300n * CENT

/** The portfolio as it is declared at a moment. */
function named(
  name: string,
  was?: string | readonly string[],
  changes: Partial<AccountSpec> & { at?: Date; per?: 'week' | 'month' } = {},
) {
  const { at = NOW, per = 'month', ...rest } = changes
  const { start, end } = periodOf(per, at, 'UTC')
  return portfolioAccount(BUDGET, {
    name,
    was: was === undefined ? undefined : [was].flat(),
    periodStart: start,
    periodEnd: end,
    ...rest,
  })
}

onEachDatabase('renaming', (database) => {
  const rows = async (repositoryId: bigint) =>
    database().prisma.account.findMany({ where: { repositoryId }, orderBy: [{ periodStart: 'asc' }, { id: 'asc' }] })
  const ask = (repositoryId: bigint, spec: AccountSpec, cents = 100n, now = NOW) =>
    reserve(database().ledger, requestFor(repositoryId, cents * CENT, [spec], { now }))
  /** What is left once so much more is held. */
  const left = async (repositoryId: bigint, spec: AccountSpec, cents = 100n, now = NOW) =>
    (granted(await ask(repositoryId, spec, cents, now)).remainingMicroUsd ?? 0n) / CENT

  it('gives no second budget to who had read the configuration before, and renames nothing back', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    expect(await left(repositoryId, named('cleanup'))).toBe(200n)
    expect(await left(repositoryId, named('tidy', 'cleanup'))).toBe(100n)
    const outdated = named('cleanup', undefined, { budget: 500n * CENT, enforced: false })
    expect(await left(repositoryId, outdated)).toBe(0n)
    expect(await ask(repositoryId, outdated)).toMatchObject({ reason: 'no-room' })
    expect(await rows(repositoryId)).toMatchObject([
      { name: 'tidy', formerNames: ['cleanup'], budget: BUDGET, ceiling: BUDGET, held: BUDGET },
    ])
    await expectBalanced(prisma, repositoryId)
  })

  it('gives none in the next period either', async () => {
    const repositoryId = await newRepository(database().prisma)
    const at = { at: DECEMBER }
    expect(await left(repositoryId, named('cleanup'))).toBe(200n)
    expect(await left(repositoryId, named('tidy', 'cleanup', at), 100n, DECEMBER)).toBe(200n)
    expect(await left(repositoryId, named('cleanup', undefined, at), 100n, DECEMBER)).toBe(100n)
    expect((await rows(repositoryId)).map(({ name }) => name)).toEqual(['tidy', 'tidy'])
  })

  it('keeps what was spent where it is renamed back, or once more from the same name', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    const { run } = granted(await ask(repositoryId, named('cleanup')))
    expect(await left(repositoryId, named('tidy', 'cleanup'), 50n)).toBe(150n)
    const { epoch } = await claimOf(prisma, run)
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(100n * CENT), now: NOW }))
    expect(await left(repositoryId, named('cleanup', 'tidy'), 50n)).toBe(100n)
    expect(await left(repositoryId, named('tidy', 'cleanup'), 10n)).toBe(90n)
    expect(await left(repositoryId, named('neat', 'cleanup'), 10n)).toBe(80n)
    expect(await rows(repositoryId)).toMatchObject([{ name: 'neat', formerNames: ['cleanup', 'tidy'] }])
    await expectBalanced(prisma, repositoryId)
  })

  it('follows a budget that was renamed twice before anybody reserved again, in this period and the next', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const neat = ['tidy', 'cleanup']
    expect(await left(repositoryId, named('cleanup'))).toBe(200n)
    expect(await left(repositoryId, named('neat', neat), 50n)).toBe(150n)
    // One App has read the configuration in between, and one the first.
    expect(await left(repositoryId, named('tidy', 'cleanup'), 50n)).toBe(100n)
    expect(await left(repositoryId, named('cleanup'), 50n)).toBe(50n)
    expect(await rows(repositoryId)).toMatchObject([
      { name: 'neat', formerNames: ['cleanup', 'tidy'], held: 250n * CENT },
    ])
    const at = { at: DECEMBER }
    expect(await left(repositoryId, named('neat', neat, at), 100n, DECEMBER)).toBe(200n)
    expect(await left(repositoryId, named('tidy', 'cleanup', at), 100n, DECEMBER)).toBe(100n)
    expect((await rows(repositoryId)).map(({ name }) => name)).toEqual(['neat', 'neat'])
    await expectBalanced(prisma, repositoryId)
  })

  it('renames what ended under any of the names before', async () => {
    const repositoryId = await newRepository(database().prisma)
    await left(repositoryId, named('cleanup'))
    const at = { at: DECEMBER }
    expect(await left(repositoryId, named('neat', ['tidy', 'cleanup'], at), 100n, DECEMBER)).toBe(200n)
    expect((await rows(repositoryId)).map(({ name, held }) => [name, held / CENT])).toEqual([
      ['neat', 100n],
      ['neat', 100n],
    ])
  })

  it('lets a name that was given up be another’s from the next period on', async () => {
    const repositoryId = await newRepository(database().prisma)
    const at = { at: DECEMBER }
    await left(repositoryId, named('cleanup'))
    await left(repositoryId, named('tidy', 'cleanup'))
    expect(await left(repositoryId, named('cleanup'))).toBe(0n)
    expect(await left(repositoryId, named('tidy', undefined, at), 100n, DECEMBER)).toBe(200n)
    expect(await left(repositoryId, named('cleanup', undefined, at), 100n, DECEMBER)).toBe(200n)
    expect((await rows(repositoryId)).map(({ name, held }) => [name, held / CENT])).toEqual([
      ['tidy', 300n],
      ['tidy', 100n],
      ['cleanup', 100n],
    ])
  })

  it('goes on under the old name where another has had the new one in the same days', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    await left(repositoryId, named('tidy', undefined, { per: 'week' }))
    await left(repositoryId, named('cleanup'))
    const nextWeek = new Date('2026-11-24T12:00:00Z')
    const request = requestFor(repositoryId, 100n * CENT, [named('tidy', 'cleanup')], { now: nextWeek })
    const first = granted(await reserve(ledger, request))
    const again = granted(await reserve(ledger, request))
    expect({ ...first, repeated: true }).toMatchObject({ remainingMicroUsd: 100n * CENT, run: { id: again.run.id } })
    expect(again).toMatchObject({ remainingMicroUsd: 100n * CENT, repeated: true })
    expect(await left(repositoryId, named('tidy', 'cleanup'), 100n, nextWeek)).toBe(0n)
    expect((await rows(repositoryId)).map(({ name, held }) => [name, held / CENT])).toEqual([
      ['cleanup', 300n],
      ['tidy', 100n],
    ])
    await expectBalanced(prisma, repositoryId)
  })

  it('answers a command that comes again without opening anything, whatever configuration says by then', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    const request = requestFor(repositoryId, 100n * CENT, [named('cleanup')])
    const { run } = granted(await reserve(ledger, request))
    const later = { ...request, accounts: [named('cleanup', undefined, { at: DECEMBER })], now: DECEMBER }
    expect(await reserve(ledger, later)).toMatchObject({
      run: { id: run.id },
      repeated: true,
      remainingMicroUsd: 200n * CENT,
    })
    expect(await rows(repositoryId)).toHaveLength(1)
  })

  const changes: [string, AccountSpec][] = [
    ['nothing is changed', named('cleanup')],
    ['it is raised', named('cleanup', undefined, { budget: 500n * CENT })],
    ['it is lowered now', named('cleanup', undefined, { budget: 50n * CENT, now: 'A cut' })],
    ['it is renamed', named('tidy', 'cleanup')],
    ['it is no longer enforced', named('cleanup', undefined, { enforced: false })],
    ['another is declared', named('other')],
    ['the next period begins', named('cleanup', 'before', { at: DECEMBER })],
  ]
  it.each(changes)('looks at an account as a reservation would find it and writes nothing: %s', async (_what, spec) => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    await left(repositoryId, named('cleanup'))
    const books = async () => [await rows(repositoryId), await entryCount(prisma, repositoryId)]
    const before = await books()
    const [looked] = await accountsAsDeclared(prisma, repositoryId, [spec], spec.periodStart)
    expect(await books()).toEqual(before)
    const [found] = await openAccounts(ledger, repositoryId, [spec], spec.periodStart)
    expect(found).toMatchObject({ ...looked })
  })
})
