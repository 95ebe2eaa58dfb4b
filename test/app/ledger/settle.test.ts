import { describe, expect, it } from 'vitest'
import { auditLedger } from '../../../app/ledger/audit.ts'
import { putOffDelivery, recordDelivery, takeDelivery } from '../../../app/ledger/delivery.ts'
import { reserve } from '../../../app/ledger/reserve.ts'
import { expire, settle } from '../../../app/ledger/settle.ts'
import { storedPlan, storedReport } from '../../../app/ledger/stored.ts'
import { expireLost } from '../../../app/ledger/sweep.ts'
import { frozenAccounts, thawAccount } from '../../../app/ledger/thaw.ts'
import { recordOutcome } from '../../../app/ledger/trial.ts'
import type { Report } from '../../../core/run/report.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { expectBalanced } from './balance.ts'
import {
  CENT,
  callOf,
  claimedRun,
  granted,
  NOW,
  newRepository,
  planOf,
  portfolioAccount,
  reportOf,
  requestFor,
  squadTokens,
} from './scene.ts'

onEachDatabase('settling', (database) => {
  const request = async () =>
    requestFor(await newRepository(database().prisma), 400n * CENT, [portfolioAccount(1000n * CENT)])

  it('stores the report, the usage and a pending outcome', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const report = reportOf(150n * CENT, { conclusion: 'capped', reason: 'cap-reached', cachedTokens: 400 })
    const settled = granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    expect(settled).toMatchObject({ spentMicroUsd: 150n * CENT, overage: false })
    expect(settled.remaining).toMatchObject({ account: { kind: 'portfolio', name: 'refactoring' }, left: 850n * CENT })
    const ended = await prisma.run.findUniqueOrThrow({ where: { id: run.id } })
    expect(ended).toMatchObject({
      state: 'ended',
      endedAt: NOW,
      conclusion: 'capped',
      reason: 'cap-reached',
      inputTokens: 1000n,
      cachedTokens: 400n,
      outputTokens: 100n,
      outcome: 'pending',
    })
    expect(storedReport(ended)).toEqual(report)
  })

  it('charges what the calls prove where a report’s total is below them', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const report = reportOf(1n, { calls: [callOf(60n * CENT), callOf(40n * CENT)] })
    const settled = granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    expect(settled.spentMicroUsd).toBe(100n * CENT)
    expect(await prisma.run.findUnique({ where: { id: run.id } })).toMatchObject({
      inputTokens: 1400n,
      cachedTokens: 0n,
    })
  })

  it('counts no more tokens as cached than came in', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const report = reportOf(1n, { cachedTokens: 5000 })
    granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    expect(await prisma.run.findUnique({ where: { id: run.id } })).toMatchObject({ cachedTokens: 1000n })
  })

  it('stores what commands print, whatever bytes it holds', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const report = reportOf(0n, { message: 'a\0b\uD800c' })
    granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    const ended = await prisma.run.findUniqueOrThrow({ where: { id: run.id } })
    expect(storedReport(ended)?.message).toBe('a\uFFFDb\uFFFDc')
    expect(granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW })).repeated).toBe(true)
  })

  it('posts once when the same report comes many times at once', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const report = reportOf(100n * CENT)
    const all = await Promise.all(
      Array.from({ length: 6 }, async () => granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))),
    )
    expect(all.filter((settled) => !settled.repeated)).toHaveLength(1)
    expect(new Set(all.map((settled) => settled.remaining?.left))).toEqual(new Set([900n * CENT]))
    await expectBalanced(prisma, run.repositoryId)
  })

  it('settles tokens where tokens pay', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const run = { plan: planOf(400n * CENT, { capTokens: 1000 }) }
    const claimed = await claimedRun(ledger, requestFor(repositoryId, 400n * CENT, [squadTokens(5000n)], { run }))
    const report = reportOf(90n * CENT, { inputTokens: 300, outputTokens: 50 })
    const settled = granted(await settle(ledger, { runId: claimed.run.id, epoch: claimed.epoch, report, now: NOW }))
    expect(settled).toMatchObject({ spentMicroUsd: 90n * CENT, remaining: undefined, overage: false })
    expect(await prisma.account.findFirst({ where: { repositoryId } })).toMatchObject({ spent: 350n, held: 0n })
    await expectBalanced(prisma, repositoryId)
  })

  it('takes what the calls of a report prove where its totals say less', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const run = { plan: planOf(400n * CENT, { capTokens: 1000 }) }
    const claimed = await claimedRun(ledger, requestFor(repositoryId, 400n * CENT, [squadTokens(5000n)], { run }))
    const calls = [{ ...callOf(CENT), inputTokens: 4000, outputTokens: 90 }]
    const report = reportOf(CENT, { inputTokens: 10, outputTokens: 1, calls })
    const settled = granted(await settle(ledger, { runId: claimed.run.id, epoch: claimed.epoch, report, now: NOW }))
    expect(settled.overage).toBe(true)
    const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
    expect(account).toMatchObject({ spent: 1000n, overage: 3090n, frozen: true })
    const ended = await prisma.run.findUniqueOrThrow({ where: { id: claimed.run.id } })
    expect(ended).toMatchObject({ inputTokens: 4000n, outputTokens: 90n })
    await expectBalanced(prisma, repositoryId)
  })

  it('freezes every account that an overage touches, until somebody thaws it', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const run = { plan: planOf(400n * CENT, { capTokens: 1000 }) }
    const claimed = await claimedRun(ledger, requestFor(repositoryId, 400n * CENT, [squadTokens(5000n)], { run }))
    const report = reportOf(0n, { inputTokens: 1000, outputTokens: 50 })
    const settled = granted(await settle(ledger, { runId: claimed.run.id, epoch: claimed.epoch, report, now: NOW }))
    expect(settled.overage).toBe(true)
    const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
    expect(account).toMatchObject({ spent: 1000n, overage: 50n, frozen: true })
    await expectBalanced(prisma, repositoryId)
    const frozen = async () => (await frozenAccounts(prisma, NOW)).filter(({ id }) => id === account.id)
    expect(await frozen()).toHaveLength(1)
    expect(await thawAccount(ledger, account.id, 'The price list was wrong', NOW)).toBe(true)
    expect(await thawAccount(ledger, account.id, 'Once more', NOW)).toBe(false)
    expect(await frozen()).toEqual([])
    const thaws = await prisma.entry.findMany({ where: { accountId: account.id, kind: 'thaw' } })
    expect(thaws.map(({ note }) => note)).toEqual(['The price list was wrong'])
  })

  it('posts tokens that were drawn when a job vanishes, and refunds by evidence', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const run = { plan: planOf(400n * CENT, { capTokens: 1_000_000 }) }
    const { run: lost, epoch } = await claimedRun(
      ledger,
      requestFor(repositoryId, 400n * CENT, [squadTokens(5_000_000n)], { run }),
    )
    await prisma.$executeRaw`UPDATE run SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${lost.id}`
    expect(await expireLost(ledger, NOW)).toEqual({ ended: [lost.id], failed: [] })
    expect(await prisma.account.findFirst({ where: { repositoryId } })).toMatchObject({ spent: 250_000n, held: 0n })
    const report = reportOf(9n * CENT, { calls: [{ ...callOf(9n * CENT), inputTokens: 1000, outputTokens: 100 }] })
    const late = granted(await settle(ledger, { runId: lost.id, epoch, report, now: NOW }))
    expect(late).toMatchObject({ late: true, spentMicroUsd: 9n * CENT })
    expect(await prisma.run.findUnique({ where: { id: lost.id } })).toMatchObject({
      conclusion: 'failed',
      reason: 'lost',
    })
    expect(await prisma.account.findFirst({ where: { repositoryId } })).toMatchObject({ spent: 1100n, held: 0n })
    await expectBalanced(prisma, repositoryId)
  })

  const prices = {
    'gpt-5.2-mini': { input: 1_000_000n, cached: 0n, output: 4_000_000n, tiers: [], source: 'a test' },
  }

  it('charges what the calls’ tokens come to at the plan’s prices, in time as late', async () => {
    const { prisma, ledger } = database()
    for (const isLate of [false, true]) {
      const repositoryId = await newRepository(prisma)
      const plan = planOf(100n * CENT, { prices })
      const asked = requestFor(repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)], { run: { plan } })
      const { run, epoch } = await claimedRun(ledger, asked)
      if (isLate) expect(await expire(ledger, run.id, NOW)).toBe(true)
      const tokens = { ...callOf(0n), reservedMicroUsd: 29n * CENT, inputTokens: 100_000, outputTokens: 50_000 }
      const unknown = { ...callOf(0n), id: 1, reservedMicroUsd: 5n * CENT, usage: 'unknown' as const }
      const report = reportOf(0n, { calls: [tokens, unknown] })
      const settled = granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
      expect(settled).toMatchObject({ spentMicroUsd: 35n * CENT, overage: true, late: isLate })
      const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
      expect(account).toMatchObject({ spent: 35n * CENT, held: 0n, frozen: true })
      const { note } = await prisma.entry.findFirstOrThrow({ where: { accountId: account.id, kind: 'overage' } })
      expect(note).toBe('Model call 0 (gpt-5.2-mini) cost $0.30 where at most $0.29 was reserved')
      await expectBalanced(prisma, repositoryId)
    }
  })

  it('counts what was drawn where a report has no evidence, in time as late', async () => {
    const { prisma, ledger } = database()
    const { noCallSent: _noCallSent, ...report } = reportOf(0n, { inputTokens: 0, outputTokens: 0 })
    for (const [spentMicroUsd, expected] of [
      [0n, 100n * CENT],
      [120n * CENT, 120n * CENT],
    ] as const) {
      const { run, epoch } = await claimedRun(ledger, await request())
      const told = { ...report, spentMicroUsd }
      const settled = granted(await settle(ledger, { runId: run.id, epoch, report: told, now: NOW }))
      expect(settled).toMatchObject({ spentMicroUsd: expected, overage: false })
      await expectBalanced(prisma, run.repositoryId)
    }
    const squad = requestFor(await newRepository(prisma), 400n * CENT, [squadTokens(5_000_000n)])
    const { run, epoch } = await claimedRun(ledger, squad)
    granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    const account = await prisma.account.findFirstOrThrow({ where: { repositoryId: run.repositoryId } })
    expect(account).toMatchObject({ spent: 125_000n, held: 0n })
  })

  it.each([
    ['in all', reportOf(10n ** 13n + 1n)],
    ['by its calls', reportOf(0n, { calls: [0, 1].map((id) => ({ ...callOf(10n ** 13n - 1n), id })) })],
    ['in tokens', reportOf(0n, { calls: [0, 1].map((id) => ({ ...callOf(0n), id, inputTokens: 9 * 10 ** 12 })) })],
  ])('refuses a report of more than any run can use, %s, and leaves the run to its lease', async (_how, report) => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const refused = { refused: true, reason: 'bad-request' }
    expect(await settle(ledger, { runId: run.id, epoch, report, now: NOW })).toMatchObject(refused)
    expect(await expire(ledger, run.id, NOW)).toBe(true)
    expect(await settle(ledger, { runId: run.id, epoch, report, now: NOW })).toMatchObject(refused)
    const account = await prisma.account.findFirstOrThrow({ where: { repositoryId: run.repositoryId } })
    expect(account).toMatchObject({ spent: 100n * CENT, held: 0n, overage: 0n, frozen: false })
    await expectBalanced(prisma, run.repositoryId)
  })

  describe('a report that comes late', () => {
    /** A run whose job vanished; 50 cents were drawn. */
    async function lost() {
      const { prisma, ledger } = database()
      const repositoryId = await newRepository(prisma)
      const plan = planOf(100n * CENT, { prices })
      const request = requestFor(repositoryId, 100n * CENT, [portfolioAccount(1000n * CENT)], { run: { plan } })
      const { run, epoch } = await claimedRun(ledger, request)
      expect(await expire(ledger, run.id, NOW)).toBe(true)
      const spent = async () => {
        await expectBalanced(prisma, repositoryId)
        const { spentMicroUsd } = await prisma.run.findUniqueOrThrow({ where: { id: run.id } })
        const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
        expect(account.spent).toBe(spentMicroUsd)
        return spentMicroUsd
      }
      const report = async (changes: Partial<Report>) => {
        const { noCallSent: _noCallSent, ...nothing } = reportOf(0n, { inputTokens: 0, outputTokens: 0 })
        const whole = { ...nothing, ...changes }
        return granted(await settle(ledger, { runId: run.id, epoch, report: whole, now: NOW }))
      }
      return { run, repositoryId, spent, report }
    }

    it('brings nothing back without evidence, and leaves room for one with it', async () => {
      const { spent, report } = await lost()
      expect(await report({})).toMatchObject({ late: true, spentMicroUsd: 50n * CENT })
      expect(await spent()).toBe(50n * CENT)
      expect(await report({ calls: [callOf(20n * CENT)] })).toMatchObject({ late: true, spentMicroUsd: 20n * CENT })
      expect(await spent()).toBe(20n * CENT)
    })

    it('brings everything back where it states that no call was ever sent', async () => {
      const { spent, report } = await lost()
      expect(await report({ noCallSent: true })).toMatchObject({ late: true, spentMicroUsd: 0n })
      expect(await report({ noCallSent: true })).toMatchObject({ repeated: true, late: false })
      expect(await spent()).toBe(0n)
    })

    it('brings back no more than its calls’ tokens leave at the plan’s prices, whatever it says that they cost', async () => {
      const { spent, report } = await lost()
      const tokens = { ...callOf(0n), inputTokens: 100_000, outputTokens: 50_000 }
      const unknown = { ...callOf(0n), id: 1, reservedMicroUsd: 5n * CENT, usage: 'unknown' as const }
      expect(await report({ calls: [tokens, unknown] })).toMatchObject({ spentMicroUsd: 35n * CENT })
      expect(await spent()).toBe(35n * CENT)
    })

    it('counts with what it spent where its outcome is known already', async () => {
      const { prisma } = database()
      const { run, repositoryId, report } = await lost()
      await recordOutcome(prisma, run.id, () => ({ outcome: 'accepted', rule: 'test', reverted: false }), NOW)
      await report({ calls: [callOf(20n * CENT)] })
      expect(await prisma.trialDay.findFirst({ where: { repositoryId } })).toMatchObject({ spendMicroUsd: 20n * CENT })
    })
  })

  it('freezes the account where a call cost more than was reserved for it, though the run stays within its hold', async () => {
    const { prisma, ledger } = database()
    const asked = await request()
    const { run, epoch } = await claimedRun(ledger, asked)
    const dear = { ...callOf(30n * CENT), reservedMicroUsd: 20n * CENT }
    const report = reportOf(50n * CENT, { calls: [callOf(20n * CENT), { ...dear, id: 1 }] })
    const settled = granted(await settle(ledger, { runId: run.id, epoch, report, now: NOW }))
    expect(settled).toMatchObject({ spentMicroUsd: 50n * CENT, overage: true })
    const { repositoryId } = run
    const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
    expect(account).toMatchObject({ spent: 50n * CENT, held: 0n, overage: 0n, frozen: true })
    const entry = await prisma.entry.findFirstOrThrow({ where: { accountId: account.id, kind: 'overage' } })
    expect(entry).toMatchObject({ overageChange: 0n, spentChange: 0n })
    expect(entry.note).toBe('Model call 1 (gpt-5.2-mini) cost $0.30 where at most $0.20 was reserved')
    const next = requestFor(repositoryId, CENT, asked.accounts)
    expect(await reserve(ledger, next)).toMatchObject({ refused: true, reason: 'account-frozen' })
    expect((await auditLedger(database().connectionString)).findings).toEqual([])
    await expectBalanced(prisma, repositoryId)
  })

  it('notes what became of the work, once the run has ended, and forgets what somebody named there', async () => {
    const { prisma, ledger } = database()
    const asked = await request()
    const subject = { ...asked.run.plan.subject, title: 'Fix for Alice', headRef: 'alice/fix' }
    const plan = { ...asked.run.plan, subject }
    const { run, epoch } = await claimedRun(ledger, { ...asked, run: { ...asked.run, plan } })
    expect(storedPlan(run).subject).toEqual(subject)
    await expect(recordDelivery(prisma, run.id, { sha: 'b'.repeat(40) }, NOW)).rejects.toThrow()
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(0n), now: NOW }))
    const made = {
      conclusion: 'withheld',
      reason: 'guard-paths',
      sha: 'b'.repeat(40),
      url: 'https://github.com/acme/shop/pull/12',
    } as const
    const delivered = await recordDelivery(prisma, run.id, made, NOW)
    expect(delivered).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths', deliveredSha: 'b'.repeat(40) })
    expect(delivered.deliveredNumber).toBeNull()
    expect(storedPlan(delivered).subject).toEqual({
      kind: 'pull-request',
      repository: 'acme/shop',
      number: 12,
      headSha: run.headSha,
    })
    // Another process that had begun with it, too, changes nothing of what is recorded.
    expect(await recordDelivery(prisma, run.id, { sha: 'c'.repeat(40), number: 31 }, NOW)).toEqual(delivered)
    // Its report is still the same one, so a repeat changes nothing.
    expect(await settle(ledger, { runId: run.id, epoch, report: reportOf(0n), now: NOW })).toMatchObject({
      repeated: true,
    })
  })

  it('is delivered by one process at a time', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    expect(await takeDelivery(prisma, run.id)).toBeUndefined()
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(0n), now: NOW }))
    const taken = await Promise.all(Array.from({ length: 4 }, () => takeDelivery(prisma, run.id)))
    expect(taken.filter((tries) => tries !== undefined)).toEqual([1])
    await putOffDelivery(prisma, run.id, 1)
    expect(await takeDelivery(prisma, run.id)).toBe(2)
    await putOffDelivery(prisma, run.id, 12)
    expect(await takeDelivery(prisma, run.id)).toBeUndefined()
    await prisma.run.update({ where: { id: run.id }, data: { deliveringUntil: new Date(0) } })
    expect(await takeDelivery(prisma, run.id)).toBe(3)
    await recordDelivery(prisma, run.id, {}, NOW)
    expect(await takeDelivery(prisma, run.id)).toBeUndefined()
  })
})
