import { expect, it } from 'vitest'
import { type Ledger, openLedger } from '../../../app/ledger/ledger.ts'
import { reserve } from '../../../app/ledger/reserve.ts'
import { settle } from '../../../app/ledger/settle.ts'
import { storedPlan } from '../../../app/ledger/stored.ts'
import type { Exploration } from '../../../core/config/portfolios.ts'
import { type AccountSpec, experimentAccount, squadAccount } from '../../../core/money/account.ts'
import { type Period, periodOf } from '../../../core/money/calendar.ts'
import type { Plan } from '../../../core/plan/plan.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { expectBalanced } from './balance.ts'
import {
  CENT,
  claimOf,
  granted,
  newRepository,
  openAccounts,
  planOf,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
  squadTokens,
} from './scene.ts'

const NOW = new Date('2026-11-20T12:00:00Z')
const later = (days: number) => new Date(NOW.getTime() + days * 86_400_000)

/** The portfolio as it is declared at a moment, in a time zone. */
function declaredAt(
  moment: Date,
  budget: bigint,
  changes: Partial<AccountSpec> & { per?: 'week' | 'month'; zone?: string } = {},
) {
  const { per = 'month', zone = 'UTC', ...rest } = changes
  const { start, end }: Period = periodOf(per, moment, zone)
  return portfolioAccount(budget, { periodStart: start, periodEnd: end, ...rest })
}

onEachDatabase('accounts', (database) => {
  /** What somebody may look at who reviews the books. */
  const rows = async (repositoryId: bigint) =>
    database().prisma.account.findMany({ where: { repositoryId }, orderBy: [{ periodStart: 'asc' }, { id: 'asc' }] })
  const notes = async (accountId: bigint) => {
    const entries = await database().prisma.entry.findMany({ where: { accountId }, orderBy: { id: 'asc' } })
    return entries.map(({ kind, budgetChange, note }) => [kind, budgetChange / CENT, note])
  }
  const ask = (repositoryId: bigint, spec: AccountSpec, cap = 100n, now = NOW) =>
    reserve(database().ledger, requestFor(repositoryId, cap * CENT, [spec], { now }))
  const settleAt = async (
    ledger: Ledger,
    reserved: Awaited<ReturnType<typeof reservedRun>>,
    spent: bigint,
    now: Date,
  ) => {
    const { epoch } = await claimOf(ledger.prisma, reserved.run)
    return granted(await settle(ledger, { runId: reserved.run.id, epoch, report: reportOf(spent * CENT), now }))
  }

  it('unblocks at once where a budget is raised', async () => {
    const repositoryId = await newRepository(database().prisma)
    granted(await ask(repositoryId, declaredAt(NOW, 100n * CENT)))
    expect(await ask(repositoryId, declaredAt(NOW, 100n * CENT))).toMatchObject({ reason: 'no-room' })
    granted(await ask(repositoryId, declaredAt(NOW, 200n * CENT)))
    const [account] = await rows(repositoryId)
    expect(await notes(account?.id ?? 0n)).toEqual([
      ['budget', 100n, null],
      ['reserve', 0n, null],
      ['budget', 100n, null],
      ['reserve', 0n, null],
    ])
    await expectBalanced(database().prisma, repositoryId)
  })

  it('lowers a budget with the next period', async () => {
    const repositoryId = await newRepository(database().prisma)
    granted(await ask(repositoryId, declaredAt(NOW, 300n * CENT)))
    expect(granted(await ask(repositoryId, declaredAt(NOW, 100n * CENT))).remainingMicroUsd).toBe(100n * CENT)
    const december = declaredAt(later(20), 100n * CENT)
    expect(granted(await ask(repositoryId, december, 100n, later(20))).remainingMicroUsd).toBe(0n)
    expect((await rows(repositoryId)).map(({ budget }) => budget / CENT)).toEqual([300n, 100n])
  })

  it('lowers a budget at once with `now`, for the reason that is entered, and lets running work end at the old ceiling', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    const running = granted(await ask(repositoryId, declaredAt(NOW, 300n * CENT), 200n))
    const cut = declaredAt(NOW, 50n * CENT, { now: 'The quarter is over' })
    expect(await ask(repositoryId, cut, 10n)).toMatchObject({ reason: 'no-room' })
    const [account] = await rows(repositoryId)
    expect(account).toMatchObject({ budget: 50n * CENT, ceiling: 200n * CENT })
    expect((await notes(account?.id ?? 0n)).at(-1)).toEqual(['budget', -250n, 'The quarter is over'])
    await settleAt(ledger, running, 40n, NOW)
    expect(await rows(repositoryId)).toMatchObject([{ ceiling: 50n * CENT, spent: 40n * CENT }])
    expect(granted(await ask(repositoryId, cut, 10n)).remainingMicroUsd).toBe(0n)
    await expectBalanced(prisma, repositoryId)
  })

  it('settles the running work of a portfolio that was removed in its account', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    const running = granted(await ask(repositoryId, declaredAt(NOW, 300n * CENT, { name: 'cleanup' }), 200n))
    granted(await ask(repositoryId, declaredAt(NOW, 300n * CENT, { name: 'other' }), 200n))
    await settleAt(ledger, running, 150n, NOW)
    expect(await rows(repositoryId)).toMatchObject([
      { name: 'cleanup', spent: 150n * CENT, held: 0n },
      { name: 'other', spent: 0n, held: 200n * CENT },
    ])
    await expectBalanced(prisma, repositoryId)
  })

  it('renames the account that runs, with its hold, and those before it; twice if need be', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    const cleanup = (moment: Date) => declaredAt(moment, 300n * CENT, { name: 'cleanup' })
    const tidying = declaredAt(NOW, 300n * CENT, { name: 'tidying', was: ['cleanup'] })
    const refactoring = declaredAt(NOW, 300n * CENT, { name: 'refactoring', was: ['tidying'] })
    granted(await ask(repositoryId, cleanup(later(-30)), 10n, later(-30)))
    const running = granted(await ask(repositoryId, cleanup(NOW), 200n))

    expect(granted(await ask(repositoryId, tidying, 60n)).remainingMicroUsd).toBe(40n * CENT)
    expect((await rows(repositoryId)).map(({ name }) => name)).toEqual(['tidying', 'tidying'])
    expect(await ask(repositoryId, refactoring, 500n)).toMatchObject({ reason: 'no-room' })
    const [october, november] = await rows(repositoryId)
    expect([october?.name, november?.name]).toEqual(['refactoring', 'refactoring'])
    expect(await notes(november?.id ?? 0n)).toEqual([
      ['budget', 300n, null],
      ['reserve', 0n, null],
      ['renamed', 0n, 'from cleanup'],
      ['reserve', 0n, null],
      ['renamed', 0n, 'from tidying'],
    ])
    await settleAt(ledger, running, 150n, NOW)
    expect(await rows(repositoryId)).toMatchObject([{}, { spent: 150n * CENT, held: 60n * CENT }])
    await expectBalanced(prisma, repositoryId)
  })

  it('renames what has ended where nothing runs yet, and leaves alone what would share another’s days', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const at = (moment: Date, name: string, ...was: string[]) => declaredAt(moment, 300n * CENT, { name, was })
    granted(await ask(repositoryId, at(later(-60), 'cleanup'), 10n, later(-60)))
    granted(await ask(repositoryId, at(later(-30), 'cleanup'), 10n, later(-30)))
    granted(await ask(repositoryId, at(later(-30), 'refactoring'), 10n, later(-30)))
    const opened = granted(await ask(repositoryId, at(NOW, 'refactoring', 'cleanup'), 10n))
    expect(opened.remainingMicroUsd).toBe(290n * CENT)
    const names = (await rows(repositoryId)).map(({ name, periodStart }) => `${periodStart.getUTCMonth() + 1} ${name}`)
    expect(names).toEqual(['9 refactoring', '10 cleanup', '10 refactoring', '11 refactoring'])
    const november = (await rows(repositoryId)).at(-1)
    expect(await notes(november?.id ?? 0n)).toContainEqual(['renamed', 0n, 'from cleanup'])
  })

  it('gives no second budget for the same days where the period’s length or the time zone changes', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    granted(await ask(repositoryId, declaredAt(NOW, 100n * CENT)))
    const changed: readonly AccountSpec[] = [
      declaredAt(NOW, 400n * CENT, { per: 'week' }),
      declaredAt(NOW, 100n * CENT, { zone: 'Asia/Tokyo' }),
      declaredAt(NOW, 100n * CENT, { zone: 'America/New_York' }),
    ]
    for (const spec of changed) expect(await ask(repositoryId, spec)).toMatchObject({ reason: 'no-room' })
    expect(await rows(repositoryId)).toHaveLength(1)

    // The week in which the month ends is shared: the new stretch begins where the old one ends.
    const sunday = new Date('2026-12-03T12:00:00Z')
    granted(await ask(repositoryId, declaredAt(sunday, 100n * CENT, { per: 'week' }), 100n, sunday))
    const stretches = (await rows(repositoryId)).map(({ periodStart, periodEnd }) => [periodStart, periodEnd])
    expect(stretches).toEqual([
      [new Date('2026-11-01T00:00:00Z'), new Date('2026-12-01T00:00:00Z')],
      [new Date('2026-12-01T00:00:00Z'), new Date('2026-12-07T00:00:00Z')],
    ])
  })

  it('keeps a sprint to its end where its length, its first day or its unit changes', async () => {
    const repositoryId = await newRepository(database().prisma)
    const sprint = (days: number, from: string, floor: Exploration['every-squad']) =>
      squadAccount(
        { sprint: { days, from }, 'every-squad': floor, squads: { payments: { paths: ['**'], extra: [] } } },
        'payments',
        NOW,
        'UTC',
      )
    granted(await ask(repositoryId, sprint(14, '2026-11-09', { usd: 1_000_000n })))
    const changed = [
      sprint(7, '2026-11-16', { usd: 1_000_000n }),
      sprint(14, '2026-11-16', { usd: 5_000_000n }),
      sprint(14, '2026-11-09', { tokens: 9_000_000 }),
    ]
    for (const spec of changed) expect(await ask(repositoryId, spec)).toMatchObject({ reason: 'no-room' })
    expect(await rows(repositoryId)).toMatchObject([{ unit: 'usd', budget: 100n * CENT, held: 100n * CENT }])
  })

  it('extends an experiment’s one account', async () => {
    const repositoryId = await newRepository(database().prisma)
    const experiment = {
      project: 'Split it',
      workflows: [],
      scope: { paths: ['billing/**'] },
      ends: '2026-11-30',
      budget: { usd: 1_000_000n },
      metering: 'metered' as const,
      success: { runs: 15, accepted: 7000 },
    }
    const until = (extended?: { until: string; reason: string }) =>
      experimentAccount({ ...experiment, extended }, 'monolith-split', 'UTC')
    granted(await ask(repositoryId, until(), 60n))
    const december = later(20)
    const extended = until({ until: '2026-12-31', reason: 'One module is left' })
    expect(granted(await ask(repositoryId, extended, 40n, december)).remainingMicroUsd).toBe(0n)
    expect(await rows(repositoryId)).toMatchObject([{ periodEnd: new Date('2027-01-01T00:00:00Z'), held: 100n * CENT }])
  })

  it('settles into the period in which the hold was taken', async () => {
    const { ledger, prisma } = database()
    const repositoryId = await newRepository(prisma)
    const running = granted(await ask(repositoryId, declaredAt(NOW, 100n * CENT)))
    const december = later(20)
    granted(await ask(repositoryId, declaredAt(december, 100n * CENT), 100n, december))
    await settleAt(ledger, running, 70n, december)
    expect(await rows(repositoryId)).toMatchObject([
      { spent: 70n * CENT, held: 0n },
      { spent: 0n, held: 100n * CENT },
    ])
    await expectBalanced(prisma, repositoryId)
  })

  it('opens no second budget where the App’s clock is set ahead and back again', async () => {
    const repositoryId = await newRepository(database().prisma)
    const at = (moment: Date) => ask(repositoryId, declaredAt(moment, 100n * CENT), 100n, moment)
    granted(await at(NOW))
    granted(await at(later(30)))
    expect(await at(NOW)).toMatchObject({ reason: 'no-room' })
    expect(await at(later(30))).toMatchObject({ reason: 'no-room' })
    granted(await at(later(-30)))
    expect(await rows(repositoryId)).toHaveLength(3)
  })

  it('keeps the prices with which a run was reserved', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const prices = (input: bigint): Plan['prices'] => ({
      'our-llama': { input, cached: 0n, output: 0n, tiers: [], source: 'portfolios.yml' },
    })
    const spec = declaredAt(NOW, 1000n * CENT)
    const of = (input: bigint) => ({ run: { plan: planOf(100n * CENT, { prices: prices(input) }) } })
    const first = await reservedRun(database().ledger, requestFor(repositoryId, 100n * CENT, [spec], of(1n)))
    const second = await reservedRun(database().ledger, requestFor(repositoryId, 100n * CENT, [spec], of(2n)))
    const planned = async (id: string) => storedPlan(await prisma.run.findUniqueOrThrow({ where: { id } })).prices
    expect(await planned(first.run.id)).toEqual(prices(1n))
    expect(await planned(second.run.id)).toEqual(prices(2n))
  })

  it('opens an account once, whoever comes at the same time, and in one stretch where configurations differ', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const processes = [openLedger(database()), openLedger(database()), openLedger(database())]
    const specs = [declaredAt(NOW, 100n * CENT), declaredAt(NOW, 100n * CENT, { per: 'week' }), squadTokens(1000n)]
    await Promise.all(
      processes.flatMap((ledger) =>
        specs.map((spec) => reserve(ledger, requestFor(repositoryId, 10n * CENT, [spec], { now: NOW }))),
      ),
    )
    const opened = await rows(repositoryId)
    expect(opened.map(({ kind }) => kind).sort()).toEqual(['portfolio', 'squad'])
    await expectBalanced(prisma, repositoryId)
  })

  it('renames once, whoever comes at the same time, and strands no hold', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const cleanup = declaredAt(NOW, 1000n * CENT, { name: 'cleanup' })
    const renamed = declaredAt(NOW, 1000n * CENT, { was: ['cleanup'] })
    granted(await ask(repositoryId, cleanup, 10n))
    const processes = [openLedger(database()), openLedger(database())]
    await Promise.all([
      ...processes.flatMap((ledger) =>
        [1, 2, 3].map(() => reserve(ledger, requestFor(repositoryId, 10n * CENT, [renamed], { now: NOW }))),
      ),
      ...processes.map((ledger) => openAccounts(ledger, repositoryId, [renamed], NOW)),
    ])
    const [account, ...others] = await rows(repositoryId)
    expect(others).toEqual([])
    expect(account).toMatchObject({ name: 'refactoring', held: 70n * CENT })
    const entered = await notes(account?.id ?? 0n)
    expect(entered.filter(([kind]) => kind === 'renamed')).toEqual([['renamed', 0n, 'from cleanup']])
    await expectBalanced(prisma, repositoryId)
  })
})
