import { expect, it } from 'vitest'
import { transactSql } from '../../../app/database/transact.ts'
import { authenticate, claim, draw, markDispatched } from '../../../app/ledger/claim.ts'
import { lockRuns } from '../../../app/ledger/lock-runs.ts'
import { settle, stopRun } from '../../../app/ledger/settle.ts'
import { isRefusal } from '../../../core/reason.ts'
import { LEASE_SECONDS } from '../../../core/run/protocol.ts'
import { onEachDatabase } from '../database/each-database.ts'
import {
  CENT,
  claimedRun,
  claimOf,
  granted,
  NOW,
  newRepository,
  planOf,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
  squadTokens,
} from './scene.ts'

onEachDatabase('claiming', (database) => {
  const request = async () =>
    requestFor(await newRepository(database().prisma), 400n * CENT, [portfolioAccount(1000n * CENT)])

  it('tells a token once, which opens this run to this claim alone, also when it has ended', async () => {
    const { prisma, ledger } = database()
    const first = await claimedRun(ledger, await request())
    const { run } = first
    expect(run.tokenHash).not.toContain(first.token)
    expect(granted(await authenticate(prisma, run.id, first.token)).epoch).toBe(1)
    expect(await authenticate(prisma, run.id, 'x')).toMatchObject({ reason: 'run-unknown' })
    expect(await authenticate(prisma, 'no-such-run', first.token)).toMatchObject({ reason: 'run-unknown' })

    const second = await claimOf(prisma, run)
    expect(await authenticate(prisma, run.id, first.token)).toMatchObject({ reason: 'run-unknown' })
    granted(await settle(ledger, { runId: run.id, epoch: second.epoch, report: reportOf(0n), now: NOW }))
    expect(granted(await authenticate(prisma, run.id, second.token)).state).toBe('ended')
  })

  it('gives a run that many jobs claim at once to one of them', async () => {
    const { prisma, ledger } = database()
    const { run } = await reservedRun(ledger, await request())
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        claim(prisma, { runId: run.id, repositoryId: run.repositoryId, jobKey: `job-${index}`, now: NOW }),
      ),
    )
    expect(claims.filter((result) => !isRefusal(result))).toHaveLength(1)
    expect(claims.filter((result) => isRefusal(result) && result.reason === 'already-claimed')).toHaveLength(7)
  })

  it('reads neither plan nor report of a run, which may be long, to know whose it is and how it stands', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const long = 'x'.repeat(1_000_000)
    const plan = planOf(CENT, { inputs: { goal: long } })
    const claimed = await claimedRun(
      ledger,
      requestFor(repositoryId, CENT, [portfolioAccount(100n * CENT)], { run: { plan } }),
    )
    const { id } = claimed.run
    const report = reportOf(0n, { message: long })
    granted(await settle(ledger, { runId: id, epoch: claimed.epoch, report, now: NOW }))
    const opened = await authenticate(prisma, id, claimed.token)
    const locked = await transactSql(database(), (sql) => lockRuns(sql, [id]))
    const texts = [opened, locked.get(id)].flatMap((row) => Object.values(row ?? {}).map(String))
    expect(texts).toContain(id)
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(100)
    // It is known again all the same.
    expect(await settle(ledger, { runId: id, epoch: claimed.epoch, report, now: NOW })).toMatchObject({
      repeated: true,
    })
    const other = { ...report, message: `${long}.` }
    expect(await settle(ledger, { runId: id, epoch: claimed.epoch, report: other, now: NOW })).toMatchObject({
      reason: 'run-over',
    })
  })

  it('keeps another repository’s jobs out', async () => {
    const { prisma, ledger } = database()
    const { run } = await reservedRun(ledger, await request())
    const repositoryId = await newRepository(prisma)
    const result = await claim(prisma, { runId: run.id, repositoryId, jobKey: 'job', now: NOW })
    expect(result).toMatchObject({ reason: 'run-unknown' })
  })

  it('makes an older claim worthless for drawing and settling', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    await claimOf(prisma, run)
    const stale = { runId: run.id, epoch }
    expect(await draw(prisma, { ...stale, wantMicroUsd: 1n })).toMatchObject({ reason: 'already-claimed' })
    const settled = await settle(ledger, { ...stale, report: reportOf(1n), now: NOW })
    expect(settled).toMatchObject({ reason: 'already-claimed' })
  })

  it('runs the lease on the database’s clock and extends it with every heartbeat', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const secondsLeft = async () => {
      const [row] = await prisma.$queryRaw<{ left: number }[]>`
        SELECT extract(epoch FROM lease_until - clock_timestamp())::float AS left FROM run WHERE id = ${run.id}`
      return row?.left ?? Number.NaN
    }
    expect(await secondsLeft()).toBeLessThanOrEqual(LEASE_SECONDS)
    // A second ago, since the column keeps milliseconds and rounds up as well as down.
    await prisma.$executeRaw`UPDATE run SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${run.id}`
    expect(await secondsLeft()).toBeLessThan(0)
    granted(await draw(prisma, { runId: run.id, epoch, wantMicroUsd: 0n }))
    expect(await secondsLeft()).toBeGreaterThan(0)
  })

  it('draws tokens beside money where tokens pay, and none where money does', async () => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const run = { plan: planOf(400n * CENT, { capTokens: 800_000 }) }
    const accounts = [squadTokens(1_000_000n)]
    const claimed = await claimedRun(ledger, requestFor(repositoryId, 400n * CENT, accounts, { run }))
    expect(claimed).toMatchObject({ drawnMicroUsd: 100n * CENT, drawnTokens: 200_000n })
    const heartbeat = { runId: claimed.run.id, epoch: claimed.epoch, wantMicroUsd: 0n }
    expect(await draw(prisma, { ...heartbeat, wantTokens: 500_000n })).toMatchObject({ drawnTokens: 500_000n })
    expect(await draw(prisma, { ...heartbeat, wantTokens: 900_000n })).toMatchObject({ drawnTokens: 800_000n })
    expect(await draw(prisma, heartbeat)).toMatchObject({ drawnMicroUsd: 100n * CENT, drawnTokens: 800_000n })

    const inMoney = await claimedRun(ledger, await request())
    const drawn = await draw(prisma, { ...heartbeat, runId: inMoney.run.id, epoch: inMoney.epoch, wantTokens: 5n })
    expect(drawn).toMatchObject({ drawnTokens: null })
  })

  it('tells the next heartbeat that somebody asked the run to stop', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await request())
    const heartbeat = { runId: run.id, epoch, wantMicroUsd: 0n }
    expect(granted(await draw(prisma, heartbeat)).stopRequested).toBe(false)
    expect(await stopRun(ledger, run.id, NOW)).toBe('told')
    expect(granted(await draw(prisma, heartbeat)).stopRequested).toBe(true)
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(0n), now: NOW }))
    expect(await stopRun(ledger, run.id, NOW)).toBe('over')
  })

  it('keeps the state of a run that was claimed before its dispatch was noted', async () => {
    const { prisma, ledger } = database()
    const { run } = await reservedRun(ledger, await request())
    await markDispatched(prisma, run.id, undefined, NOW)
    expect(await prisma.run.findUnique({ where: { id: run.id } })).toMatchObject({
      state: 'dispatched',
      dispatchedAt: NOW,
      actionsRunId: null,
    })
    await claimOf(prisma, run)
    await markDispatched(prisma, run.id, 77n, new Date('2026-11-20T13:00:00Z'))
    expect(await prisma.run.findUnique({ where: { id: run.id } })).toMatchObject({
      state: 'claimed',
      dispatchedAt: NOW,
      actionsRunId: 77n,
    })
  })
})
