/** The queues, where the process that worked on a job was killed, or the database under it. */
import { randomUUID } from 'node:crypto'
import { PgBoss } from 'pg-boss'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../app/database/open.ts'
import { createWebhookQueue, insertWebhooks, startWork } from '../../app/work.ts'
import { migratedDatabase } from './database/migrated.ts'

test('a job that nobody works on any more is taken up again, and then those that wait behind it', async () => {
  const { options, drop } = await migratedDatabase()
  const database = await openDatabase('dataDir' in options ? options : { url: options.databaseUrl })
  const { connectionString } = database
  const other = new PgBoss({ connectionString, supervise: false, schedule: false })
  await other.start()
  await createWebhookQueue(other)
  const jobs = ['first', 'second'].map((deliveryId) => ({ id: randomUUID(), deliveryId, order: '7' }))
  for (const job of jobs) {
    await insertWebhooks(other, [job], (text, values) => other.getDb().executeSql(text, [...values]))
  }
  // Whoever took it was killed, and gives no sign of life.
  expect(await other.fetch('webhook')).toMatchObject([{ data: { deliveryId: 'first' } }])
  const { rows } = await database.pool.query(
    `UPDATE pgboss.job SET heartbeat_on = heartbeat_on - interval '1 hour' WHERE state = 'active' RETURNING id`,
  )
  expect(rows).toHaveLength(1)

  const done: string[] = []
  const both = Promise.withResolvers<void>()
  const work = await startWork(
    connectionString,
    {
      async webhook(deliveryId) {
        done.push(deliveryId)
        if (done.length === 2) both.resolve()
      },
      turn: async () => {},
      show: async () => {},
      sweep: async () => {},
    },
    pino({ level: 'silent' }),
    false,
  )
  onTestFinished(async () => {
    await work.stop()
    await other.stop()
    await database.close()
    await drop()
  })
  // As the App does every half minute.
  await other.supervise('webhook')
  await both.promise
  expect(done).toEqual(['first', 'second'])
})
