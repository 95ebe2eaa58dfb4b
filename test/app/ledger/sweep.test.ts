import { expect, it } from 'vitest'
import { noteAway, noteBack } from '../../../app/ledger/away.ts'
import { putOffDelivery, recordDelivery, takeDelivery } from '../../../app/ledger/delivery.ts'
import { dueRuns } from '../../../app/ledger/history.ts'
import { takeUnlooked } from '../../../app/ledger/looked.ts'
import { release, settle } from '../../../app/ledger/settle.ts'
import { markShown, takeUnshown } from '../../../app/ledger/shown.ts'
import {
  abandonUndispatched,
  abandonUnstarted,
  expireLost,
  SWEEP_RUNS_MAX,
  undeliveredRuns,
} from '../../../app/ledger/sweep.ts'
import type { PrismaClient } from '../../../prisma/client/client.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { expectBalanced } from './balance.ts'
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
} from './scene.ts'

const DAY_SECONDS = 86_400
const DAY_MS = DAY_SECONDS * 1000
const QUARTER_SECONDS = 900
const account = portfolioAccount(1000n * CENT)

async function leaseEnds(prisma: PrismaClient, runId: string): Promise<void> {
  await prisma.$executeRaw`UPDATE run SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${runId}`
}

async function age(prisma: PrismaClient, runId: string, seconds: number): Promise<void> {
  await prisma.$executeRaw`
    UPDATE run SET reserved_at = clock_timestamp() - make_interval(secs => ${seconds}) WHERE id = ${runId}`
}

onEachDatabase('the sweep', (database) => {
  const asked = async (now = NOW) => requestFor(await newRepository(database().prisma), 100n * CENT, [account], { now })

  it('gives up runs that never began, and only those', async () => {
    const { prisma, ledger } = database()
    const early = await reservedRun(ledger, await asked())
    const working = await claimedRun(ledger, await asked())
    const recent = await reservedRun(ledger, await asked())
    for (const { id } of [early.run, working.run]) await age(prisma, id, DAY_SECONDS + 1)
    await age(prisma, recent.run.id, DAY_SECONDS - 60)
    expect(await abandonUnstarted(ledger, DAY_SECONDS, NOW)).toEqual({ ended: [early.run.id], failed: [] })
    expect(await prisma.run.findUnique({ where: { id: early.run.id } })).toMatchObject({
      conclusion: 'refused',
      reason: 'never-started',
      spentMicroUsd: 0n,
    })
    expect(await abandonUndispatched(ledger, QUARTER_SECONDS, NOW)).toEqual({ ended: [recent.run.id], failed: [] })
    await expectBalanced(prisma, early.run.repositoryId)
  })

  it('takes no fresh hold for an old one, however far the clocks of those who hold and who sweep are apart', async () => {
    const { prisma, ledger } = database()
    const slow = await reservedRun(ledger, await asked(new Date(Date.now() - 2 * DAY_MS)))
    const fast = new Date(Date.now() + 2 * DAY_MS)
    expect((await abandonUndispatched(ledger, QUARTER_SECONDS, fast)).ended).toEqual([])
    expect((await abandonUnstarted(ledger, DAY_SECONDS, fast)).ended).toEqual([])
    await age(prisma, slow.run.id, QUARTER_SECONDS + 1)
    expect((await abandonUndispatched(ledger, QUARTER_SECONDS, NOW)).ended).toEqual([slow.run.id])
  })

  it('goes on past a run that can’t be ended, and leaves it alone for a while', async () => {
    const { prisma, ledger } = database()
    const bad = await claimedRun(ledger, await asked())
    const good = await claimedRun(ledger, await asked())
    // Its account says that nothing is held, so that giving back the hold would leave less than nothing.
    const { repositoryId } = bad.run
    await prisma.account.updateMany({ where: { repositoryId }, data: { held: 0n } })
    await leaseEnds(prisma, bad.run.id)
    await leaseEnds(prisma, good.run.id)
    const first = await expireLost(ledger, NOW)
    expect(first.ended).toEqual([good.run.id])
    expect(first.failed).toMatchObject([{ runId: bad.run.id, error: { constraint: 'account_amounts' } }])
    expect(await expireLost(ledger, NOW)).toEqual({ ended: [], failed: [] })

    await prisma.run.update({ where: { id: bad.run.id }, data: { sweepAfter: new Date(0) } })
    await prisma.account.updateMany({ where: { repositoryId }, data: { held: 100n * CENT } })
    expect((await expireLost(ledger, NOW)).ended).toEqual([bad.run.id])
  })

  it('reaches what lies behind more bad runs than it takes on at once', async () => {
    const { prisma, ledger } = database()
    const bad = await claimedRun(ledger, await asked())
    const good = await claimedRun(ledger, await asked())
    await prisma.account.updateMany({ where: { repositoryId: bad.run.repositoryId }, data: { held: 0n } })
    const { plan: _plan, quote: _quote, report: _report, ...row } = bad.run
    const copies = Array.from({ length: SWEEP_RUNS_MAX }, (_, copy) => `${row.id}-${copy}`)
    await prisma.run.createMany({
      data: copies.map((id) => ({ ...row, id, subjectKey: id, plan: {}, quote: {}, leaseUntil: new Date(0) })),
    })
    const holds = await prisma.hold.findMany({ where: { runId: row.id } })
    await prisma.hold.createMany({ data: copies.flatMap((runId) => holds.map((hold) => ({ ...hold, runId }))) })
    await leaseEnds(prisma, good.run.id)
    expect((await expireLost(ledger, NOW)).failed).toHaveLength(SWEEP_RUNS_MAX)
    expect((await expireLost(ledger, NOW)).ended).toEqual([good.run.id])
    await prisma.run.deleteMany({ where: { id: { in: copies } } })
    await prisma.hold.deleteMany({ where: { runId: { in: copies } } })
  })

  it('tries new deliveries before those that keep failing, and these again when their pause is over', async () => {
    const { prisma, ledger } = database()
    const reported = async () => {
      const { run, epoch } = await claimedRun(ledger, await asked())
      granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(1n), now: NOW }))
      return run.id
    }
    const failing = [await reported(), await reported()]
    expect(await undeliveredRuns(prisma, 20)).toEqual(expect.arrayContaining(failing))
    for (const [index, id] of failing.entries()) {
      await takeDelivery(prisma, id)
      await putOffDelivery(prisma, id, 12 - index)
    }
    const recent = await reported()
    expect(await undeliveredRuns(prisma, 20)).toEqual([recent])
    // However far ahead the App's clock was when it ended, and whatever it says now.
    await prisma.run.updateMany({ where: { id: { in: failing } }, data: { endedAt: new Date(NOW.getTime() - DAY_MS) } })
    const [first = '', second = ''] = failing
    await prisma.run.update({ where: { id: first }, data: { deliveringUntil: new Date(2000) } })
    await prisma.run.update({ where: { id: second }, data: { deliveringUntil: new Date(1000) } })
    expect(await undeliveredRuns(prisma, 20)).toEqual([recent, second, first])
    for (const id of [...failing, recent]) await recordDelivery(prisma, id, {}, NOW)
    expect(await undeliveredRuns(prisma, 20)).toEqual([])
  })

  it('leaves to rest what can only be done where the App is not, and takes it up when it is back', async () => {
    const { prisma, ledger } = database()
    const { run, epoch } = await claimedRun(ledger, await asked())
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(1n), now: NOW }))
    const where = { id: run.id }
    await prisma.run.update({
      where,
      data: { showAfter: new Date(0), decideAfter: new Date(0), lookAfter: new Date(0) },
    })
    const found = async () => [
      (await undeliveredRuns(prisma, 1000)).includes(run.id),
      (await dueRuns(prisma, NOW, 1000)).includes(run.id),
      (await takeUnshown(prisma, 1000)).includes(run.id),
      (await takeUnlooked(prisma, 1000)).some(({ id }) => id === run.id),
    ]
    const { installationId } = await prisma.repository.findUniqueOrThrow({ where: { id: run.repositoryId } })
    await noteAway(prisma, Number(installationId) + 1)
    await noteAway(prisma, Number(installationId), [Number(run.repositoryId) + 1_000_000])
    await noteAway(prisma, Number(installationId), [Number(run.repositoryId)])
    expect(await found()).toEqual([false, false, false, false])
    await noteBack(prisma, Number(installationId))
    expect(await found()).toEqual([true, true, true, true])
    await recordDelivery(prisma, run.id, {}, NOW)
  })

  it('finds ends that nobody was shown, until they are', async () => {
    const { prisma, ledger } = database()
    await prisma.run.updateMany({ data: { showAfter: null } })
    const { run } = await reservedRun(ledger, await asked())
    const read = () => prisma.run.findUniqueOrThrow({ where: { id: run.id } })
    expect((await read()).showAfter).toBeNull()
    expect(await release(ledger, run.id, 'dispatch-failed', NOW)).toBe(true)
    // Whoever ended it shows it in the meantime.
    expect(await takeUnshown(prisma, 10)).toEqual([])
    const comes = () => prisma.run.update({ where: { id: run.id }, data: { showAfter: new Date(0) } })
    const ended = await comes()
    expect(await takeUnshown(prisma, 10)).toEqual([run.id])
    expect(await takeUnshown(prisma, 10)).toEqual([])
    // It has changed since it was read: that is still to be shown.
    await markShown(prisma, ended)
    expect((await read()).showAfter).not.toBeNull()
    await markShown(prisma, await read())
    expect((await read()).showAfter).toBeNull()
  })
})
