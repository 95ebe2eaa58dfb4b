import { expect, it } from 'vitest'
import { transact } from '../../../app/database/transact.ts'
import { accountsNow, ensureAccounts, room } from '../../../app/ledger/accounts.ts'
import { recordDelivery } from '../../../app/ledger/delivery.ts'
import {
  openRun,
  recentSpends,
  runsByDeliveredNumber,
  runsByDeliveredSha,
  undecidedRuns,
  waitingRun,
  watchedRuns,
} from '../../../app/ledger/history.ts'
import { propose } from '../../../app/ledger/reserve.ts'
import { release, settle } from '../../../app/ledger/settle.ts'
import { recordOutcome } from '../../../app/ledger/trial.ts'
import type { Conclusion } from '../../../core/run.ts'
import type { PrismaClient } from '../../../prisma/client/client.ts'
import { onEachDatabase } from '../database/each-database.ts'
import {
  CENT,
  claimedRun,
  granted,
  NOW,
  newRepository,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
  squadTokens,
} from './scene.ts'

const account = portfolioAccount(100_000n * CENT)

onEachDatabase('looking back', (database) => {
  async function ended(
    prisma: PrismaClient,
    repositoryId: bigint,
    how: { minute: number; cents?: bigint; conclusion?: Conclusion; variant?: string | null; subjectKey?: string },
  ): Promise<string> {
    const { minute, cents = 0n, conclusion = 'completed', variant = null, subjectKey } = how
    const now = new Date(NOW.getTime() + minute * 60_000)
    const request = requestFor(repositoryId, 100n * CENT, [account], {
      run: { variant },
      session: subjectKey === undefined ? {} : { subjectKey },
      now,
    })
    const { run, epoch } = await claimedRun(prisma, request)
    granted(await settle(prisma, { runId: run.id, epoch, report: reportOf(cents * CENT, { conclusion }), now }))
    return run.id
  }

  it('quotes from runs that were worked through, of this variant, newest first', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    await ended(prisma, repositoryId, { minute: 1, cents: 10n })
    await ended(prisma, repositoryId, { minute: 3, cents: 30n, conclusion: 'withheld' })
    await ended(prisma, repositoryId, { minute: 2, cents: 20n, conclusion: 'capped' })
    await ended(prisma, repositoryId, { minute: 4, cents: 1n, conclusion: 'failed' })
    await ended(prisma, repositoryId, { minute: 5, cents: 50n, variant: 'tests-first' })
    await claimedRun(prisma, requestFor(repositoryId, 100n * CENT, [account]))
    expect(await recentSpends(prisma, repositoryId, 'refactor+tests', null)).toEqual(
      [30n, 20n, 10n].map((n) => n * CENT),
    )
    expect(await recentSpends(prisma, repositoryId, 'refactor+tests', 'tests-first')).toEqual([50n * CENT])
    expect(await recentSpends(prisma, repositoryId, 'review', null)).toEqual([])
  })

  it('finds what is open, waits or is watched on a subject', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const subjectKey = 'pull-request:7'
    const old = await ended(prisma, repositoryId, { minute: -9, subjectKey })
    const newer = await ended(prisma, repositoryId, { minute: -5, subjectKey })
    expect(await openRun(prisma, repositoryId, subjectKey)).toBeNull()
    expect(await waitingRun(prisma, repositoryId, subjectKey)).toBeNull()

    const waiting = await propose(prisma, requestFor(repositoryId, 100n * CENT, [account], { session: { subjectKey } }))
    const { run } = await reservedRun(
      prisma,
      requestFor(repositoryId, 100n * CENT, [account], { session: { subjectKey } }),
    )
    expect((await openRun(prisma, repositoryId, subjectKey))?.id).toBe(run.id)
    expect(await waitingRun(prisma, repositoryId, subjectKey)).toMatchObject({
      id: waiting.run.id,
      session: { commandKey: waiting.session.commandKey },
    })
    expect((await watchedRuns(prisma, repositoryId, subjectKey)).map(({ id }) => id)).toEqual([run.id, newer, old])

    await release(prisma, run.id, { conclusion: 'cancelled', reason: 'cancelled' }, NOW)
    expect(await openRun(prisma, repositoryId, subjectKey)).toBeNull()
  })

  it('finds runs by what they delivered', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const sha = 'd'.repeat(40)
    const commit = await ended(prisma, repositoryId, { minute: 1 })
    const pull = await ended(prisma, repositoryId, { minute: 2 })
    await recordDelivery(prisma, commit, { sha })
    await recordDelivery(prisma, pull, { number: 31 })
    expect((await runsByDeliveredSha(prisma, repositoryId, sha)).map(({ id }) => id)).toEqual([commit])
    expect((await runsByDeliveredNumber(prisma, repositoryId, 31)).map(({ id }) => id)).toEqual([pull])
    const elsewhere = await newRepository(prisma)
    expect(await runsByDeliveredSha(prisma, elsewhere, sha)).toEqual([])
  })

  it('pages through undecided runs, oldest first', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    await ended(prisma, repositoryId, { minute: 1 })
    const second = await ended(prisma, repositoryId, { minute: 2 })
    const third = await ended(prisma, repositoryId, { minute: 3 })
    const decided = await ended(prisma, repositoryId, { minute: 4 })
    await recordOutcome(prisma, decided, () => ({ outcome: 'accepted', rule: 'merged', reverted: false }), NOW)
    const since = new Date(NOW.getTime() + 90_000)
    const ids = async (after?: string) => (await undecidedRuns(prisma, repositoryId, since, after)).map(({ id }) => id)
    expect(await ids()).toEqual([second, third])
    expect(await ids(second)).toEqual([third])
    expect(await ids(third)).toEqual([])
  })

  it('shows the accounts of the present period, by name and never by spend', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const october = { periodStart: new Date('2026-10-01T00:00:00Z'), periodEnd: new Date('2026-11-01T00:00:00Z') }
    const specs = [
      squadTokens(500n),
      portfolioAccount(100n, { name: 'web' }),
      portfolioAccount(300n, { name: 'api' }),
      portfolioAccount(300n, { name: 'api', ...october }),
    ]
    const created = await transact(prisma, (transaction) => ensureAccounts(transaction, repositoryId, specs, NOW))
    expect(created.map(({ name, unit }) => [name, unit])).toEqual(specs.map(({ name, unit }) => [name, unit]))
    const now = await accountsNow(prisma, repositoryId, NOW)
    expect(now.map(({ name }) => name)).toEqual(['api', 'web', 'payments'])
    const boundary = await accountsNow(prisma, repositoryId, october.periodEnd)
    expect(boundary.map(({ name, periodStart }) => [name, periodStart])).toContainEqual(['api', october.periodEnd])
    expect(boundary).toHaveLength(3)
  })

  it('tells the room of accounts that nobody has touched yet', async () => {
    const { prisma } = database()
    const repositoryId = await newRepository(prisma)
    const specs = [portfolioAccount(100n), portfolioAccount(70n, { name: 'observed', enforced: false })]
    const rooms = await room(prisma, repositoryId, specs, NOW)
    expect(rooms).toMatchObject([
      { name: 'refactoring', budget: 100n, room: 100n },
      { name: 'observed', budget: 70n, room: undefined },
    ])
    expect(await room(prisma, repositoryId, specs, NOW)).toEqual(rooms)
  })
})
