import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  checkpointOf,
  forgetOldLogs,
  keepCheckpoint,
  noteSpoken,
  RUN_LOG_BYTES_MAX,
  SESSION_LOG_RETENTION_DAYS,
  saidMeanwhile,
  takeEvents,
} from '../../../app/ledger/session-log.ts'
import { settle } from '../../../app/ledger/settle.ts'
import type { Checkpoint } from '../../../core/session/checkpoint.ts'
import type { SessionEvent } from '../../../core/session/session-event.ts'
import { onEachDatabase } from '../database/each-database.ts'
import {
  CENT,
  claimOf,
  granted,
  NOW,
  newRepository,
  portfolioAccount,
  reportOf,
  requestFor,
  reservedRun,
} from './scene.ts'

const SHA = 'a'.repeat(40)

function turn(sequence: number, text = `turn ${sequence}`): SessionEvent {
  return { kind: 'turn', sequence, atMs: sequence, conversation: 'refactor', number: sequence + 1, text, toolCalls: [] }
}

function told(sequence: number, id: string): SessionEvent {
  return { kind: 'said', sequence, atMs: sequence, said: { id, text: 'x' } }
}

function checkpoint(changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    version: 1,
    workflow: 'refactor+tests',
    changeset: { baseSha: SHA, files: [] },
    left: [],
    steps: [],
    commandsRun: 0,
    spentMicroUsd: 5n,
    ...changes,
  }
}

onEachDatabase('a session’s log', (database) => {
  async function reserved() {
    const { prisma, ledger } = database()
    const request = requestFor(await newRepository(prisma), 100n * CENT, [portfolioAccount(1000n * CENT)])
    return (await reservedRun(ledger, request)).run
  }
  const sequencesOf = async (runId: string) =>
    (await database().prisma.sessionEvent.findMany({ where: { runId }, orderBy: { id: 'asc' } })).map(
      ({ sequence }) => sequence,
    )

  it('takes events in batches, each once, whatever comes again or too early', async () => {
    const { prisma } = database()
    const run = await reserved()
    expect(await takeEvents(prisma, run, [])).toBe(0)
    expect(await takeEvents(prisma, run, [turn(0), turn(1)])).toBe(2)
    expect(await takeEvents(prisma, run, [turn(0), turn(1)])).toBe(2)
    expect(await takeEvents(prisma, run, [turn(1), turn(2)])).toBe(3)
    expect(await takeEvents(prisma, run, [turn(4)]), 'a gap before it').toBe(3)
    expect(await takeEvents(prisma, run, [turn(3), turn(5)]), 'a gap within it').toBe(3)
    await Promise.all([takeEvents(prisma, run, [turn(3), turn(4)]), takeEvents(prisma, run, [turn(3), turn(4)])])
    expect(await sequencesOf(run.id)).toEqual([0, 1, 2, 3, 4])
    const text = 'a NUL \0, a lone surrogate \ud800 and “quotes”'
    expect(await takeEvents(prisma, run, [turn(5, text)])).toBe(6)
    const row = await prisma.sessionEvent.findFirstOrThrow({ where: { runId: run.id, sequence: 5 } })
    expect(row.event).toMatchObject({ kind: 'turn', text: text.replace(/[\0\ud800]/g, '\ufffd') })
  })

  it('keeps of a log that is full only that something happened', async () => {
    const { prisma } = database()
    const run = await reserved()
    const bytes = RUN_LOG_BYTES_MAX - 300
    await prisma.sessionEvent.create({
      data: { sessionId: run.sessionId, runId: run.id, sequence: 0, kind: 'turn', event: {}, bytes },
    })
    expect(await takeEvents(prisma, run, [turn(1), turn(2, 'x'.repeat(300)), turn(3)])).toBe(4)
    const rows = await prisma.sessionEvent.findMany({ where: { runId: run.id }, orderBy: { sequence: 'asc' } })
    expect(rows.map(({ event }) => event !== null)).toEqual([true, true, false, false])
  })

  it('tells an agent what was said until it was told, once for each command', async () => {
    const { prisma } = database()
    const run = await reserved()
    const { sessionId } = run
    const say = (commandKey: string, text: string) =>
      noteSpoken(prisma, { sessionId, verb: 'say', spoken: { text }, commandKey })
    await say('comment:1', 'Keep the names.')
    await say('comment:1', 'Keep the names.')
    await noteSpoken(prisma, { sessionId, verb: 'pause', spoken: {}, commandKey: 'comment:9' })
    await say('comment:2', 'And the order.')
    expect(await saidMeanwhile(prisma, sessionId)).toEqual([
      { id: 'comment:1', text: 'Keep the names.' },
      { id: 'comment:2', text: 'And the order.' },
    ])
    await takeEvents(prisma, run, [told(0, 'comment:1')])
    expect(await saidMeanwhile(prisma, sessionId)).toEqual([{ id: 'comment:2', text: 'And the order.' }])
    expect(await saidMeanwhile(prisma, 'another')).toEqual([])
  })

  it('keeps the newest checkpoint of the claim that works, and finds it through runs that made none', async () => {
    const { prisma, ledger } = database()
    const run = await reserved()
    const { epoch } = await claimOf(prisma, run)
    await keepCheckpoint(prisma, { id: run.id, epoch: epoch - 1 }, checkpoint({ commandsRun: 9 }))
    expect(await checkpointOf(prisma, run.id)).toBeUndefined()
    await keepCheckpoint(prisma, { id: run.id, epoch }, checkpoint({ commandsRun: 1 }))
    await keepCheckpoint(prisma, { id: run.id, epoch }, checkpoint({ commandsRun: 2 }))
    granted(await settle(ledger, { runId: run.id, epoch, report: reportOf(0n), now: NOW }))
    await keepCheckpoint(prisma, { id: run.id, epoch }, checkpoint({ commandsRun: 3 }))
    expect(await checkpointOf(prisma, run.id)).toMatchObject({ commandsRun: 2, spentMicroUsd: 5n })

    const further = await reserved()
    await prisma.run.update({ where: { id: further.id }, data: { continuesRunId: run.id } })
    expect(await checkpointOf(prisma, further.id)).toMatchObject({ commandsRun: 2 })
  })

  it('is never changed, and forgotten when its retention is over and not before', async () => {
    const { prisma } = database()
    const run = await reserved()
    await takeEvents(prisma, run, [turn(0)])
    await expect(prisma.$executeRaw`UPDATE session_event SET kind = 'said'`).rejects.toThrow('never changed')
    await expect(prisma.$executeRaw`TRUNCATE session_event`).rejects.toThrow('never changed')
    await expect(prisma.$executeRaw`DELETE FROM session_event WHERE run_id = ${run.id}`).rejects.toThrow('kept for')
    const { epoch } = await claimOf(prisma, run)
    await keepCheckpoint(prisma, { id: run.id, epoch }, checkpoint())

    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
    const old = { sessionId: run.sessionId, runId: run.id, kind: 'turn', event: {}, bytes: 2 }
    await prisma.sessionEvent.create({ data: { ...old, sequence: 1, at: daysAgo(SESSION_LOG_RETENTION_DAYS - 0.01) } })
    await prisma.sessionEvent.create({ data: { ...old, sequence: 2, at: daysAgo(SESSION_LOG_RETENTION_DAYS + 0.01) } })
    const other = await reserved()
    const at = daysAgo(SESSION_LOG_RETENTION_DAYS + 0.01)
    await prisma.runCheckpoint.create({ data: { runId: other.id, checkpoint: {}, at } })
    await forgetOldLogs(prisma)
    expect(await sequencesOf(run.id)).toEqual([0, 1])
    expect(await prisma.runCheckpoint.count({ where: { runId: other.id } })).toBe(0)
    expect(await checkpointOf(prisma, run.id)).toBeDefined()
  })
})

it('declares one retention, in the trigger as in the sweep', () => {
  const folder = new URL('../../../prisma/migrations/20261125213717_sessions/migration.sql', import.meta.url)
  expect(readFileSync(folder, 'utf8')).toContain(`interval '${SESSION_LOG_RETENTION_DAYS} days'`)
})
