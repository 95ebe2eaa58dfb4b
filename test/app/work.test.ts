/** The queues, where the process that worked on a job was killed, or the database under it. */
import { PgBoss } from 'pg-boss'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../app/database/open.ts'
import { createEventJobs, createEventQueue, startWork } from '../../app/work.ts'
import { migratedDatabase } from './database/migrated.ts'

const log = pino({ level: 'silent' })

async function openQueue() {
  const { options, drop } = await migratedDatabase()
  const database = await openDatabase('dataDir' in options ? options : { url: options.databaseUrl })
  const other = new PgBoss({ connectionString: database.connectionString, supervise: false, schedule: false })
  // A connection that it is still closing may hear that the database is dropped.
  other.on('error', () => {})
  await other.start()
  await createEventQueue(other)
  onTestFinished(async () => {
    await other.stop()
    await database.close()
    await drop()
  })
  return { database, other, jobs: createEventJobs(other, log, () => {}) }
}

test('a job that nobody works on any more is taken up again, and then those that wait behind it', async () => {
  const { database, other, jobs } = await openQueue()
  const { connectionString } = database
  jobs.add(7n)
  await jobs.written()
  // Whoever took it was killed, and gives no sign of life.
  expect(await other.fetch('events')).toMatchObject([{ data: { repositoryId: '7' } }])
  const { rows } = await database.pool.query(
    `UPDATE pgboss.job SET heartbeat_on = heartbeat_on - interval '1 hour' WHERE state = 'active' RETURNING id`,
  )
  expect(rows).toHaveLength(1)
  // It may have read what was there before this came.
  jobs.add(7n)
  await jobs.written()

  const done: bigint[] = []
  const both = Promise.withResolvers<void>()
  const work = await startWork(
    connectionString,
    {
      async events(repositoryId) {
        done.push(repositoryId)
        if (done.length === 2) both.resolve()
        return true
      },
      show: async () => {},
      sweep: async () => {},
    },
    log,
    false,
  )
  // As the App does every half minute.
  await other.supervise('events')
  await both.promise
  await work.settled()
  await work.stop()
  expect(done).toEqual([7n, 7n])
})

test('one job that waits does for all that came before it, and each repository has its own', async () => {
  const { other, jobs } = await openQueue()
  for (const repositoryId of [7n, 7n, 8n]) jobs.add(repositoryId)
  await jobs.written()
  jobs.add(7n)
  await jobs.written()
  const waiting = async () =>
    (await other.fetch<{ repositoryId: string }>('events', { batchSize: 10 })).map(({ data }) => data.repositoryId)
  expect((await waiting()).toSorted()).toEqual(['7', '8'])
  // Both are under way now; what comes next must not be missed.
  jobs.add(7n)
  await jobs.written()
  expect(await waiting()).toEqual([])
  const { rows } = await other.getDb().executeSql(`SELECT data FROM pgboss.job WHERE state = 'created'`)
  expect(rows).toEqual([{ data: { repositoryId: '7' } }])
})

test('a turn that is not all is gone on with', async () => {
  const { database } = await openQueue()
  const turns: bigint[] = []
  const handlers = {
    events: async (repositoryId: bigint) => turns.push(repositoryId) === 3,
    show: async () => {},
    sweep: async () => {},
  }
  const work = await startWork(database.connectionString, handlers, log, false)
  work.enqueueEvents(7n)
  await work.settled()
  await work.stop()
  expect(turns).toEqual([7n, 7n, 7n])
})

test('a stop lets what is under way end, and leaves the rest to another process by its job', async () => {
  const { database, other } = await openQueue()
  const begun = Promise.withResolvers<void>()
  const handlers = {
    async events(_repositoryId: bigint, mayGoOn: () => boolean) {
      begun.resolve()
      while (mayGoOn()) await new Promise(setImmediate)
      return false
    },
    show: async () => {},
    sweep: async () => {},
  }
  const work = await startWork(database.connectionString, handlers, log, false)
  work.enqueueEvents(7n)
  await begun.promise
  await work.stop()
  expect(await other.fetch('events')).toMatchObject([{ data: { repositoryId: '7' } }])
})
