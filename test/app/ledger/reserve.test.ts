import { describe, expect, it } from 'vitest'
import { KeyConflict } from '../../../app/ledger/key-conflict.ts'
import { type NewRun, type NewSession, type Reserved, reserve } from '../../../app/ledger/reserve.ts'
import { release } from '../../../app/ledger/settle.ts'
import { storedPlan, storedQuote } from '../../../app/ledger/stored.ts'
import { isRefusal } from '../../../core/reason.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { expectBalanced } from './balance.ts'
import { CENT, granted, NOW, newRepository, planOf, portfolioAccount, requestFor, squadTokens } from './scene.ts'

onEachDatabase('reserving', (database) => {
  const storedRun = ({ run: { id } }: Reserved) => database().prisma.run.findUniqueOrThrow({ where: { id } })

  it('stores the plan with the hold in the place of the cap, and the quote that was shown', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const accounts = [portfolioAccount(150n * CENT)]
    const recentSpendsMicroUsd = [80n * CENT, 40n * CENT, 60n * CENT]
    const result = granted(
      await reserve(ledger, requestFor(repositoryId, 250n * CENT, accounts, { run: { recentSpendsMicroUsd } })),
    )
    expect(result).toMatchObject({
      heldMicroUsd: 150n * CENT,
      heldTokens: null,
      remainingMicroUsd: 0n,
      repeated: false,
    })
    expect(result.session.id).toMatch(/^[2-9b-z]{4}-[2-9b-z]{4}$/)
    expect(result.session.ceilingMicroUsd).toBe(250n * CENT)
    expect(storedPlan(await storedRun(result))).toEqual(planOf(150n * CENT))
    expect(storedQuote(result.run)).toEqual({
      runs: 3,
      usualMicroUsd: 60n * CENT,
      nineInTenMicroUsd: 80n * CENT,
      capMicroUsd: 150n * CENT,
      askedMicroUsd: 250n * CENT,
    })
  })

  it('gives a repeated command its first result and takes nothing more', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const request = requestFor(repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)])
    const results = await Promise.all([1, 2, 3, 4].map(async () => granted(await reserve(ledger, request))))
    expect(new Set(results.map((result) => result.run.id)).size).toBe(1)
    expect(results.filter((result) => !result.repeated)).toHaveLength(1)
    expect(results.map((result) => result.remainingMicroUsd)).toEqual(Array(4).fill(900n * CENT))
    expect(await prisma.hold.count({ where: { runId: results[0]?.run.id ?? '' } })).toBe(1)
  })

  const others: [string, { run?: Partial<NewRun>; session?: Partial<NewSession> }][] = [
    ['another family', { run: { family: 'review' } }],
    ['another variant', { run: { variant: 'tests-first' } }],
    ['another subject', { session: { subjectKey: 'pull-request:999999' } }],
    ['another trigger', { session: { trigger: 'push' } }],
  ]
  it.each(others)('throws when a command key comes again with %s', async (_what, changes) => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const request = requestFor(repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)])
    granted(await reserve(ledger, request))
    const { session, run } = request
    const other = { ...request, session: { ...session, ...changes.session }, run: { ...run, ...changes.run } }
    await expect(reserve(ledger, other)).rejects.toThrow(KeyConflict)
  })

  it('lets one run at a time work on a subject, also when different accounts pay', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const session = { subjectKey: 'pull-request:7' }
    const requests = Array.from({ length: 6 }, (_, index) =>
      requestFor(repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT, { name: `portfolio-${index % 3}` })], {
        session,
      }),
    )
    const results = await Promise.all(requests.map((request) => reserve(ledger, request)))
    const running = results.filter((result) => !isRefusal(result))
    expect(running).toHaveLength(1)
    expect(results.filter((result) => isRefusal(result) && result.reason === 'already-running')).toHaveLength(5)

    const [first] = running
    if (first === undefined || isRefusal(first)) throw new Error('no run')
    await release(ledger, first.run.id, 'dispatch-failed', NOW)
    const next = await reserve(
      ledger,
      requestFor(repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)], { session }),
    )
    expect(isRefusal(next)).toBe(false)
    await expectBalanced(prisma, repositoryId)
  })

  it('holds tokens where a squad pays in tokens, and money nowhere', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const run = { plan: planOf(250n * CENT, { capTokens: 300_000 }) }
    const reserveOnce = () => reserve(ledger, requestFor(repositoryId, 250n * CENT, [squadTokens(500_000n)], { run }))
    const first = granted(await reserveOnce())
    expect(first).toMatchObject({
      heldMicroUsd: 250n * CENT,
      heldTokens: 300_000n,
      remainingMicroUsd: null,
      remainingTokens: 200_000n,
    })
    expect(storedPlan(await storedRun(first)).capTokens).toBe(300_000)
    expect(granted(await reserveOnce()).heldTokens).toBe(200_000n)
    expect(await reserveOnce()).toMatchObject({ refused: true, reason: 'no-room' })
    await expectBalanced(prisma, repositoryId)
  })

  it('reserves all accounts or none', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const accounts = [squadTokens(1000n), portfolioAccount(1000n * CENT)]
    const result = await reserve(ledger, requestFor(repositoryId, 250n * CENT, accounts))
    expect(result).toMatchObject({ refused: true, reason: 'no-room' })
    expect(await prisma.run.count({ where: { repositoryId } })).toBe(0)
    expect(await prisma.session.count({ where: { repositoryId } })).toBe(0)
    const held = await prisma.account.findMany({ where: { repositoryId }, select: { held: true } })
    expect(held).toEqual([{ held: 0n }, { held: 0n }])
  })

  it('keeps periods apart: a new one begins with its whole budget', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const november = portfolioAccount(100n * CENT)
    const december = portfolioAccount(100n * CENT, {
      periodStart: new Date('2026-12-01T00:00:00Z'),
      periodEnd: new Date('2027-01-01T00:00:00Z'),
    })
    granted(await reserve(ledger, requestFor(repositoryId, 100n * CENT, [november])))
    expect(await reserve(ledger, requestFor(repositoryId, 100n * CENT, [november]))).toMatchObject({
      reason: 'no-room',
    })
    expect(granted(await reserve(ledger, requestFor(repositoryId, 100n * CENT, [december]))).heldMicroUsd).toBe(
      100n * CENT,
    )
    await expectBalanced(prisma, repositoryId)
  })

  describe('at once', () => {
    it('never passes the ceiling and uses up all but less than one hold', async () => {
      const { prisma, ledger } = database()
      const repositoryId = await newRepository(prisma)
      const cap = 30n * CENT
      const budget = 1000n * CENT
      const requests = Array.from({ length: 50 }, () =>
        requestFor(repositoryId, cap, [portfolioAccount(budget)], { run: { floorMicroUsd: cap } }),
      )
      const results = await Promise.all(requests.map((request) => reserve(ledger, request)))
      const count = results.filter((result) => !isRefusal(result)).length
      expect(count).toBe(Number(budget / cap))
      const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
      expect(account.held).toBe(BigInt(count) * cap)
      expect(budget - account.held < cap).toBe(true)
      await expectBalanced(prisma, repositoryId)
    })

    it('takes several accounts in one order, so that none waits for another in a circle', async () => {
      const { prisma, ledger } = database()
      const repositoryId = await newRepository(prisma)
      const accounts = [portfolioAccount(1000n * CENT), squadTokens(100_000_000n)]
      const requests = Array.from({ length: 30 }, (_, index) =>
        requestFor(repositoryId, 10n * CENT, index % 2 === 0 ? accounts : accounts.toReversed()),
      )
      const results = await Promise.all(requests.map((request) => reserve(ledger, request)))
      expect(results.filter(isRefusal)).toEqual([])
      await expectBalanced(prisma, repositoryId)
    })
  })
})
