import { expect, it } from 'vitest'
import type { Ledger } from '../../../app/ledger/ledger.ts'
import { settle } from '../../../app/ledger/settle.ts'
import { expireLost } from '../../../app/ledger/sweep.ts'
import { tally } from '../../../app/ledger/tally.ts'
import { openPromotion, recordOutcome, type TrialKey } from '../../../app/ledger/trial.ts'
import type { Tally } from '../../../core/promotion/tally.ts'
import type { Outcome } from '../../../core/run/run.ts'
import { onEachDatabase } from '../database/each-database.ts'
import {
  CENT,
  callOf,
  claimedRun,
  granted,
  NOW,
  newRepository,
  portfolioAccount,
  reportOf,
  requestFor,
} from './scene.ts'

const nothing: Tally = {
  settled: 0,
  accepted: 0,
  reworked: 0,
  rejected: 0,
  unknown: 0,
  reverted: 0,
  subjects: 0,
  spendMicroUsd: 0n,
}
const ALL_TIME = { from: new Date('2020-01-01T00:00:00Z'), to: NOW }

interface Ended {
  readonly subject: string
  readonly day: string
  readonly spentCents: bigint
}

onEachDatabase('trials', (database) => {
  async function newTrial(): Promise<TrialKey> {
    return { repositoryId: await newRepository(database().prisma), family: 'refactor+tests', variant: 'tests-first' }
  }

  async function ended(ledger: Ledger, trial: TrialKey, { subject, day, spentCents }: Ended): Promise<string> {
    const { repositoryId, variant } = trial
    const request = requestFor(repositoryId, 100n * CENT, [portfolioAccount(100_000n * CENT)], {
      session: { subjectKey: subject },
      run: { variant, assignment: 'chosen' },
    })
    const { run, epoch } = await claimedRun(ledger, request)
    const now = new Date(`${day}T23:30:00Z`)
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(spentCents * CENT), now }))
    return run.id
  }

  const record = (runId: string, outcome: Outcome, reverted = false) =>
    recordOutcome(database().prisma, runId, () => ({ outcome, rule: `made ${outcome}`, reverted }), NOW)

  it('counts by the day a run ended, distinct subjects, and pending nowhere', async () => {
    const { prisma, ledger } = database()
    const trial = await newTrial()
    const runs = [
      await ended(ledger, trial, { subject: 'pull-request:1', day: '2026-11-01', spentCents: 10n }),
      await ended(ledger, trial, { subject: 'pull-request:1', day: '2026-11-02', spentCents: 20n }),
      await ended(ledger, trial, { subject: 'pull-request:2', day: '2026-11-02', spentCents: 30n }),
      await ended(ledger, trial, { subject: 'pull-request:3', day: '2026-11-03', spentCents: 40n }),
      await ended(ledger, trial, { subject: 'pull-request:4', day: '2026-11-03', spentCents: 50n }),
    ]
    expect(await tally(prisma, trial, ALL_TIME)).toEqual(nothing)
    const outcomes: Outcome[] = ['accepted', 'reworked', 'rejected', 'unknown', 'pending']
    for (const [index, outcome] of outcomes.entries()) await record(runs[index] ?? '', outcome)

    expect(await tally(prisma, trial, ALL_TIME)).toEqual({
      settled: 3,
      accepted: 1,
      reworked: 1,
      rejected: 1,
      unknown: 1,
      reverted: 0,
      subjects: 2,
      spendMicroUsd: 100n * CENT,
    })
    expect(await tally(prisma, trial, { from: new Date('2026-11-02T15:00:00Z'), to: NOW })).toMatchObject({
      settled: 2,
      accepted: 0,
      subjects: 2,
      spendMicroUsd: 90n * CENT,
    })
    expect(await tally(prisma, { ...trial, variant: null }, ALL_TIME)).toEqual(nothing)
  })

  it('moves the counts when an outcome changes, and repeats change nothing', async () => {
    const { prisma, ledger } = database()
    const trial = await newTrial()
    const run = await ended(ledger, trial, { subject: 'pull-request:1', day: '2026-11-01', spentCents: 10n })
    expect(await record(run, 'accepted')).toBe(true)
    expect(await record(run, 'accepted')).toBe(false)
    expect(await tally(prisma, trial, ALL_TIME)).toMatchObject({ settled: 1, accepted: 1, subjects: 1 })
    expect(await record(run, 'rejected', true)).toBe(true)
    expect(await tally(prisma, trial, ALL_TIME)).toMatchObject({ settled: 1, accepted: 0, rejected: 1, reverted: 1 })
    expect(await record(run, 'unknown', true)).toBe(true)
    expect(await tally(prisma, trial, ALL_TIME)).toEqual({ ...nothing, unknown: 1, spendMicroUsd: 10n * CENT })
    expect(await record(run, 'pending')).toBe(true)
    expect(await tally(prisma, trial, ALL_TIME)).toEqual(nothing)
  })

  it('counts a run once when many look at it at once', async () => {
    const { prisma, ledger } = database()
    const trial = await newTrial()
    const runs: string[] = []
    for (const subject of ['pull-request:1', 'pull-request:2', 'pull-request:3']) {
      runs.push(await ended(ledger, trial, { subject, day: '2026-11-01', spentCents: 10n }))
    }
    await Promise.all([...runs, ...runs, ...runs].map((run) => record(run, 'accepted')))
    expect(await tally(prisma, trial, ALL_TIME)).toMatchObject({ settled: 3, subjects: 3, spendMicroUsd: 30n * CENT })
  })

  it('refuses an outcome for a run that has not ended', async () => {
    const { ledger } = database()
    const trial = await newTrial()
    const { run } = await claimedRun(
      ledger,
      requestFor(trial.repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)]),
    )
    await expect(record(run.id, 'accepted')).rejects.toThrow('has not ended')
  })

  it('corrects the spend it has counted when a late report refunds', async () => {
    const { prisma, ledger } = database()
    const trial = await newTrial()
    const request = requestFor(trial.repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)], {
      run: { variant: trial.variant, assignment: 'chosen' },
    })
    const { run, epoch } = await claimedRun(ledger, request)
    await prisma.$executeRaw`UPDATE run SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${run.id}`
    expect((await expireLost(ledger, NOW)).ended).toContain(run.id)
    await record(run.id, 'unknown')
    expect((await tally(prisma, trial, ALL_TIME)).spendMicroUsd).toBe(50n * CENT)
    const report = reportOf(20n * CENT, { calls: [callOf(20n * CENT)] })
    granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    expect((await tally(prisma, trial, ALL_TIME)).spendMicroUsd).toBe(20n * CENT)
  })

  it('has one place for a promotion’s issue', async () => {
    const { prisma } = database()
    const trial = await newTrial()
    const all = await Promise.all(Array.from({ length: 5 }, () => openPromotion(prisma, trial, 'promote', NOW)))
    expect(all.filter(({ opened }) => opened)).toHaveLength(1)
    expect(await openPromotion(prisma, trial, 'promote', NOW)).toMatchObject({
      opened: false,
      promotion: { issueNumber: null, state: 'opening' },
    })
    expect((await openPromotion(prisma, trial, 'sunset', NOW)).opened).toBe(true)
  })
})
