import { expect, it } from 'vitest'
import { ceilingOf, type FurtherRequest, reserveFurther } from '../../../app/ledger/further.ts'
import { propose, type Reserved, reserve } from '../../../app/ledger/reserve.ts'
import { expire, release, settle } from '../../../app/ledger/settle.ts'
import { isRefusal } from '../../../core/reason.ts'
import { onEachDatabase } from '../database/each-database.ts'
import {
  CENT,
  claimOf,
  granted,
  NOW,
  newRepository,
  planOf,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
} from './scene.ts'

let commands = 0

onEachDatabase('a further run of a session', (database) => {
  const CAP = 100n * CENT
  const accounts = [portfolioAccount(1000n * CENT)]

  async function ceilingNow(id: string) {
    const { prisma } = database()
    return ceilingOf(prisma, await prisma.session.findUniqueOrThrow({ where: { id } }))
  }

  /** A session whose first run has ended with that spend. */
  async function sessionThatSpent(spent: bigint): Promise<Reserved> {
    const { prisma, ledger } = database()
    const first = await reservedRun(ledger, requestFor(await newRepository(prisma), CAP, accounts))
    await spend(first, spent)
    return first
  }

  async function spend({ run }: Pick<Reserved, 'run'>, spent: bigint): Promise<void> {
    const { epoch } = await claimOf(database().prisma, run)
    granted(await settle(database().ledger, { runId: run.id, epoch, report: reportOf(spent), now: NOW }))
  }

  function furtherOf({ session }: Reserved, changes: Partial<FurtherRequest> = {}): FurtherRequest {
    commands += 1
    const key = `comment:further-${commands}`
    const { repositoryId, subjectKey } = session
    const asked = requestFor(repositoryId, CAP, accounts, {
      session: { subjectKey, commandKey: key },
      run: { goKey: changes.fork ? undefined : key },
    })
    return { ...asked, sessionId: session.id, fork: false, mostMicroUsd: 2n * CAP, ...changes }
  }

  it('holds what earlier runs have left of the ceiling, and is refused with the numbers when that is too little', async () => {
    const { prisma, ledger } = database()
    const first = await sessionThatSpent(30n * CENT)
    const second = granted(await reserveFurther(ledger, furtherOf(first, { continuesRunId: first.run.id })))
    expect(second.heldMicroUsd).toBe(70n * CENT)
    expect(second.session.id).toBe(first.session.id)
    expect(second.run.continuesRunId).toBe(first.run.id)
    expect(await ceilingNow(first.session.id)).toEqual({
      ceilingMicroUsd: CAP,
      spentMicroUsd: 30n * CENT,
      heldMicroUsd: 70n * CENT,
    })
    await spend(second, 65n * CENT)
    const third = await reserveFurther(ledger, furtherOf(first))
    expect(third).toMatchObject({ reason: 'session-used-up' })
    expect(third).toHaveProperty(
      'message',
      expect.stringContaining('$0.05 left under its ceiling of $1.00 ($0.95 spent'),
    )
    expect(third).toHaveProperty('todo', expect.stringContaining('up to $2.00 with `/agent resume cap=<usd>`'))
    expect(await prisma.run.count({ where: { sessionId: first.session.id } })).toBe(2)
  })

  it('raises the ceiling only when the run is reserved, and never lowers it', async () => {
    const { ledger } = database()
    const first = await sessionThatSpent(CAP)
    const poor = { accounts: [portfolioAccount(20n * CENT, { name: 'poor' })] }
    const raised = furtherOf(first, { ...poor, raiseToMicroUsd: 2n * CAP })
    const dear = { ...raised, run: { ...raised.run, floorMicroUsd: 50n * CENT } }
    expect(await reserveFurther(ledger, dear)).toMatchObject({ reason: 'no-room' })
    expect((await ceilingNow(first.session.id)).ceilingMicroUsd).toBe(CAP)
    const second = granted(await reserveFurther(ledger, furtherOf(first, { raiseToMicroUsd: 2n * CAP })))
    await spend(second, 0n)
    granted(await reserveFurther(ledger, furtherOf(first, { raiseToMicroUsd: 1n })))
    expect((await ceilingNow(first.session.id)).ceilingMicroUsd).toBe(2n * CAP)
  })

  it('lets forks, and their forks, draw from the one ceiling', async () => {
    const { ledger } = database()
    const first = await sessionThatSpent(40n * CENT)
    const fork = granted(await reserveFurther(ledger, furtherOf(first, { fork: true })))
    expect(fork.session).toMatchObject({ rootId: first.session.id })
    expect(fork.session.id).not.toBe(first.session.id)
    expect(fork.heldMicroUsd).toBe(60n * CENT)
    await spend(fork, 40n * CENT)
    const forkOfFork = granted(await reserveFurther(ledger, furtherOf(fork, { fork: true })))
    expect(forkOfFork.session.rootId).toBe(first.session.id)
    expect(forkOfFork.heldMicroUsd).toBe(20n * CENT)
    await spend(forkOfFork, 20n * CENT)
    expect(await reserveFurther(ledger, furtherOf(first))).toMatchObject({ reason: 'session-used-up' })
    expect((await ceilingNow(fork.session.id)).spentMicroUsd).toBe(CAP)
  })

  it('gives one of many that come at once the subject, and the same command its first result', async () => {
    const { prisma, ledger } = database()
    const first = await sessionThatSpent(10n * CENT)
    const answers = await Promise.all(Array.from({ length: 6 }, () => reserveFurther(ledger, furtherOf(first))))
    expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1)
    expect(answers.filter((answer) => isRefusal(answer) && answer.reason === 'already-running')).toHaveLength(5)
    expect(await prisma.run.count({ where: { sessionId: first.session.id } })).toBe(2)

    const other = await sessionThatSpent(10n * CENT)
    for (const fork of [false, true]) {
      const same = furtherOf(other, { fork })
      const again = await Promise.all(Array.from({ length: 4 }, () => reserveFurther(ledger, same)))
      const ids = new Set(again.map((answer) => granted(answer).run.id))
      expect(ids.size).toBe(1)
      expect(again.filter((answer) => granted(answer).repeated)).toHaveLength(3)
      for (const id of ids) await release(ledger, id, 'never-started', NOW)
    }
  })

  it('waits until a run that was told to rest has settled', async () => {
    const { prisma, ledger } = database()
    const first = await reservedRun(ledger, requestFor(await newRepository(prisma), CAP, accounts))
    const { epoch } = await claimOf(prisma, first.run)
    expect(await reserveFurther(ledger, furtherOf(first))).toMatchObject({ reason: 'already-running' })
    const report = reportOf(20n * CENT, { conclusion: 'cancelled', reason: 'paused' })
    granted(await settle(ledger, { runId: first.run.id, epoch, report, now: NOW }))
    expect(granted(await reserveFurther(ledger, furtherOf(first))).heldMicroUsd).toBe(80n * CENT)
  })

  it('counts what a lost run had drawn, and what a late report brought back no longer', async () => {
    const { prisma, ledger } = database()
    const first = await reservedRun(ledger, requestFor(await newRepository(prisma), CAP, accounts))
    const { drawnMicroUsd } = await claimOf(prisma, first.run)
    await expire(ledger, first.run.id, NOW)
    const standing = await ceilingNow(first.session.id)
    expect(standing).toEqual({ ceilingMicroUsd: CAP, spentMicroUsd: drawnMicroUsd, heldMicroUsd: 0n })
  })

  it('has for a ceiling what was said go to, where the price had risen since it was quoted', async () => {
    const { prisma, ledger } = database()
    const request = requestFor(await newRepository(prisma), CAP, accounts)
    const { session } = await propose(ledger, request)
    granted(await reserve(ledger, { ...request, run: { ...request.run, plan: planOf(3n * CAP) } }))
    expect((await ceilingNow(session.id)).ceilingMicroUsd).toBe(3n * CAP)
  })
})
