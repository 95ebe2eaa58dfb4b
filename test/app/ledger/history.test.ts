import { expect, it } from 'vitest'
import { accountsNow } from '../../../app/ledger/accounts.ts'
import { recordDelivery } from '../../../app/ledger/delivery.ts'
import {
  dueRuns,
  openRun,
  recentSpends,
  runsByDeliveredNumber,
  runsByDeliveredSha,
  waitingRun,
  watchedRuns,
} from '../../../app/ledger/history.ts'
import type { Ledger } from '../../../app/ledger/ledger.ts'
import { propose } from '../../../app/ledger/reserve.ts'
import { settle, stopRun } from '../../../app/ledger/settle.ts'
import { recordOutcome } from '../../../app/ledger/trial.ts'
import type { ReasonCode } from '../../../core/reason.ts'
import type { Conclusion } from '../../../core/run/run.ts'
import { onEachDatabase } from '../database/each-database.ts'
import {
  CENT,
  claimedRun,
  granted,
  NOW,
  newRepository,
  openAccounts,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
  squadTokens,
} from './scene.ts'

const account = portfolioAccount(100_000n * CENT)

onEachDatabase('looking back', (database) => {
  async function ended(
    ledger: Ledger,
    repositoryId: bigint,
    how: {
      minute: number
      cents?: bigint
      conclusion?: Conclusion
      reason?: ReasonCode
      variant?: string | null
      subjectKey?: string
    },
  ): Promise<string> {
    const { minute, cents = 0n, conclusion = 'completed', reason, variant = null, subjectKey } = how
    const now = new Date(NOW.getTime() + minute * 60_000)
    const request = requestFor(repositoryId, 100n * CENT, [account], {
      run: { variant },
      session: subjectKey === undefined ? {} : { subjectKey },
      now,
    })
    const { run, epoch } = await claimedRun(ledger, request)
    const report = reportOf(cents * CENT, { conclusion, ...(reason && { reason }) })
    granted(await settle(ledger, { runId: run.id, epoch, report, now }))
    return run.id
  }

  it('quotes from runs that were worked through, of this variant, newest first', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    await ended(ledger, repositoryId, { minute: 1, cents: 10n })
    await ended(ledger, repositoryId, { minute: 3, cents: 30n, conclusion: 'withheld' })
    await ended(ledger, repositoryId, { minute: 2, cents: 20n, conclusion: 'capped' })
    await ended(ledger, repositoryId, { minute: 4, cents: 1n, conclusion: 'failed' })
    await ended(ledger, repositoryId, { minute: 5, cents: 50n, variant: 'tests-first' })
    await ended(ledger, repositoryId, { minute: 6, reason: 'nothing-to-do' })
    // It called a model and changed nothing, which is what such a run may come to.
    await ended(ledger, repositoryId, { minute: 7, cents: 40n, reason: 'nothing-to-deliver' })
    // A workflow of commands alone.
    await ended(ledger, repositoryId, { minute: 8 })
    await claimedRun(ledger, requestFor(repositoryId, 100n * CENT, [account]))
    expect(await recentSpends(prisma, repositoryId, 'refactor+tests', null)).toEqual(
      [0n, 40n, 30n, 20n, 10n].map((n) => n * CENT),
    )
    expect(await recentSpends(prisma, repositoryId, 'refactor+tests', 'tests-first')).toEqual([50n * CENT])
    expect(await recentSpends(prisma, repositoryId, 'review', null)).toEqual([])
  })

  it('quotes a standard that was promoted from its own runs, also those that it had as a variant', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    await ended(ledger, repositoryId, { minute: 1, cents: 10n })
    await ended(ledger, repositoryId, { minute: 2, cents: 50n, variant: 'tests-first' })
    const key = { repositoryId, family: 'refactor+tests', variant: 'tests-first' }
    const decided = (decision: 'promote' | 'rollback', state: 'approved' | 'merged', minute: number) =>
      prisma.promotion.upsert({
        where: { repositoryId_family_variant_decision: { ...key, decision } },
        create: { ...key, decision, state, openedAt: NOW, decidedAt: new Date(NOW.getTime() + minute * 60_000) },
        update: { state, decidedAt: new Date(NOW.getTime() + minute * 60_000) },
      })
    const cents = async (variant: string | null) =>
      (await recentSpends(prisma, repositoryId, 'refactor+tests', variant)).map((spend) => spend / CENT)
    await decided('promote', 'approved', 3)
    expect(await cents(null)).toEqual([10n])
    await decided('promote', 'merged', 3)
    expect(await cents(null)).toEqual([50n])
    await ended(ledger, repositoryId, { minute: 4, cents: 40n })
    expect(await cents(null)).toEqual([40n, 50n])
    expect(await cents('tests-first')).toEqual([50n])
    await decided('rollback', 'merged', 5)
    expect(await cents(null)).toEqual([])
    await ended(ledger, repositoryId, { minute: 6, cents: 11n })
    expect(await cents(null)).toEqual([11n])
  })

  it('finds what is open, waits or is watched on a subject', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const subjectKey = 'pull-request:7'
    const old = await ended(ledger, repositoryId, { minute: -9, subjectKey })
    const newer = await ended(ledger, repositoryId, { minute: -5, subjectKey })
    expect(await openRun(prisma, repositoryId, subjectKey)).toBeNull()
    expect(await waitingRun(prisma, repositoryId, subjectKey)).toBeNull()

    const waiting = await propose(ledger, requestFor(repositoryId, 100n * CENT, [account], { session: { subjectKey } }))
    const { run } = await reservedRun(
      ledger,
      requestFor(repositoryId, 100n * CENT, [account], { session: { subjectKey } }),
    )
    expect((await openRun(prisma, repositoryId, subjectKey))?.id).toBe(run.id)
    expect(await waitingRun(prisma, repositoryId, subjectKey)).toMatchObject({
      id: waiting.run.id,
      session: { commandKey: waiting.session.commandKey },
    })
    expect((await watchedRuns(prisma, repositoryId, subjectKey)).map(({ id }) => id)).toEqual([run.id, newer, old])

    await stopRun(ledger, run.id, NOW)
    expect(await openRun(prisma, repositoryId, subjectKey)).toBeNull()
  })

  it('finds runs by what they delivered', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const sha = 'd'.repeat(40)
    const commit = await ended(ledger, repositoryId, { minute: 1 })
    const pull = await ended(ledger, repositoryId, { minute: 2 })
    await recordDelivery(prisma, commit, { sha }, NOW)
    await recordDelivery(prisma, pull, { number: 31 }, NOW)
    expect((await runsByDeliveredSha(prisma, repositoryId, sha)).map(({ id }) => id)).toEqual([commit])
    expect((await runsByDeliveredNumber(prisma, repositoryId, 31)).map(({ id }) => id)).toEqual([pull])
    const elsewhere = await newRepository(prisma)
    expect(await runsByDeliveredSha(prisma, elsewhere, sha)).toEqual([])
  })

  it('finds the runs whose outcome is due, the longest due first, and none that time can’t decide', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const at = (minute: number) => new Date(NOW.getTime() + minute * 60_000)
    const decideAt = async (runId: string, decideAfter: Date | undefined) =>
      recordOutcome(prisma, runId, () => ({ outcome: 'pending', rule: 'none yet', reverted: false, decideAfter }), NOW)
    const ids = async (now: Date, runsMax = 1000) => (await dueRuns(prisma, now, runsMax)).filter((id) => own.has(id))
    const [later, earlier, never] = [
      await ended(ledger, repositoryId, { minute: 1 }),
      await ended(ledger, repositoryId, { minute: 2 }),
      await ended(ledger, repositoryId, { minute: 3 }),
    ]
    const own = new Set([later, earlier, never])
    // Their work is not delivered yet: they are looked at when it is, or when that is given up.
    expect(await ids(at(25 * 60))).toEqual([])
    await recordDelivery(prisma, later, {}, at(5))
    expect(await ids(at(5))).toEqual([later])

    await decideAt(later, at(20))
    await decideAt(earlier, at(10))
    await decideAt(never, undefined)
    expect(await ids(at(9))).toEqual([])
    expect(await ids(at(30))).toEqual([earlier, later])
    await prisma.run.updateMany({ where: { id: { in: [earlier, later] } }, data: { decideAfter: null } })
  })

  it('shows the accounts of the present period, by name and never by spend', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const october = { periodStart: new Date('2026-10-01T00:00:00Z'), periodEnd: new Date('2026-11-01T00:00:00Z') }
    const specs = [
      squadTokens(500n),
      portfolioAccount(100n, { name: 'web' }),
      portfolioAccount(300n, { name: 'api' }),
      portfolioAccount(300n, { name: 'api', ...october }),
    ]
    const created = await openAccounts(ledger, repositoryId, specs, NOW)
    expect(created.map(({ name, unit }) => [name, unit])).toEqual(specs.map(({ name, unit }) => [name, unit]))
    const now = await accountsNow(prisma, repositoryId, NOW)
    expect(now.map(({ name }) => name)).toEqual(['api', 'web', 'payments'])
    const boundary = await accountsNow(prisma, repositoryId, october.periodEnd)
    expect(boundary.map(({ name, periodStart }) => [name, periodStart])).toContainEqual(['api', october.periodEnd])
    expect(boundary).toHaveLength(3)
  })

  it('tells the room of accounts that nobody has touched yet', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const specs = [portfolioAccount(100n), portfolioAccount(70n, { name: 'observed', enforced: false })]
    const rooms = await openAccounts(ledger, repositoryId, specs, NOW)
    expect(rooms).toMatchObject([
      { name: 'refactoring', budget: 100n, ceiling: 100n },
      { name: 'observed', budget: 70n, ceiling: null },
    ])
    expect(await openAccounts(ledger, repositoryId, specs, NOW)).toEqual(rooms)
  })
})
