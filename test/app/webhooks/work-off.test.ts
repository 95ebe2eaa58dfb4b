/** A repository's webhooks on a real database and a real Probot: their order, their tries, and what is left of them. */
import { generateKeyPairSync } from 'node:crypto'
import pino from 'pino'
import { Probot } from 'probot'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Database, openDatabase } from '../../../app/database/open.ts'
import { createStoreWebhook } from '../../../app/webhooks/store-webhook.ts'
import { TRIES_MAX, workOff } from '../../../app/webhooks/work-off.ts'
import { migratedDatabase } from '../database/migrated.ts'

const log = pino({ level: 'silent' })
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

let database: Database
let handled: string[]
/** What fails, while it is named here. */
let broken: Set<string>
let turn: (repositoryId: bigint) => Promise<boolean>
let mayGoOn: boolean
let come: (deliveryId: string, repositoryId?: bigint) => Promise<void>

beforeEach(async () => {
  const { options, drop } = await migratedDatabase()
  database = await openDatabase('dataDir' in options ? options : { url: options.databaseUrl })
  onTestFinished(async () => {
    await database.close()
    await drop()
  })
  handled = []
  broken = new Set()
  const probot = new Probot({ appId: 1, privateKey, secret: 'secret', logLevel: 'fatal' })
  probot.on('push', async ({ id }) => {
    if (id === 'of-a-paused-process') await handledByAnother(id)
    if (broken.has(id)) throw new Error(`${id} is broken\nwith a payload that names people`)
    if (id === 'in-odd-words') throw new Error('odd \0 words')
    handled.push(id)
    if (id === 'the-last') mayGoOn = false
  })
  mayGoOn = true
  turn = (repositoryId) => workOff({ connections: database, probot, log }, repositoryId, () => mayGoOn)
  const { pool, kind } = database
  const store = createStoreWebhook({ pool, kind, onStored: () => {}, log })
  come = (deliveryId, repositoryId = 7n) => store({ deliveryId, event: 'push', repositoryId, text: '{"ref": "a"}' })
})

/** Whose job was taken up by another process, for it gave no sign of life. */
const handledByAnother = (deliveryId: string) =>
  database.prisma.webhook.update({
    where: { deliveryId },
    data: { handledAt: new Date(), payload: null, pushed: 'a digest' },
  })

const rowOf = (deliveryId: string) => database.prisma.webhook.findUniqueOrThrow({ where: { deliveryId } })

describe('what is stored of a repository', () => {
  test('is handled once each, in the order in which it came, and nothing of another', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `delivery-${index}`)
    await Promise.all([...ids.map((id) => come(id)), come('of-another', 8n), ...ids.map((id) => come(id))])
    expect(await turn(7n)).toBe(true)
    expect(await turn(7n)).toBe(true)
    expect(handled).toEqual(ids)
    expect(await rowOf('delivery-3')).toMatchObject({ payload: null, attempts: 1, problem: null })
    expect(await rowOf('of-another')).toMatchObject({ payload: '{"ref": "a"}', attempts: 0, handledAt: null })
  })

  test('waits behind one that fails, until that is well again', async () => {
    await come('first')
    await come('second')
    broken.add('first')
    await expect(turn(7n)).rejects.toThrow(/^first is broken$/)
    expect(handled).toEqual([])
    expect(await rowOf('first')).toMatchObject({ attempts: 1, problem: 'first is broken', payload: '{"ref": "a"}' })
    broken.clear()
    expect(await turn(7n)).toBe(true)
    expect(handled).toEqual(['first', 'second'])
    expect(await rowOf('first')).toMatchObject({ attempts: 2, problem: null, payload: null })
  })

  test('goes on without one that has failed too often, whose problem is kept', async () => {
    await come('first')
    await come('second')
    broken.add('first')
    for (let tries = 1; tries < TRIES_MAX; tries += 1) await expect(turn(7n)).rejects.toThrow('first is broken')
    expect(await turn(7n)).toBe(true)
    expect(handled).toEqual(['second'])
    const { handledAt, ...row } = await rowOf('first')
    expect(row).toMatchObject({ payload: null, attempts: TRIES_MAX, problem: 'first is broken' })
    expect(handledAt).not.toBeNull()
  })

  test.each([[[]], [['of-a-paused-process']]])(
    'stands as the first has left it, who comes too late %j',
    async (fails) => {
      await come('of-a-paused-process')
      broken = new Set(fails)
      await turn(7n).catch(() => undefined)
      expect(await rowOf('of-a-paused-process')).toMatchObject({ problem: null, pushed: 'a digest' })
    },
  )

  test('waits where others are to have their turn first', async () => {
    await come('the-last')
    await come('second')
    expect(await turn(7n)).toBe(false)
    expect(handled).toEqual(['the-last'])
    expect(await rowOf('second')).toMatchObject({ attempts: 0, handledAt: null })
  })

  test('keeps a problem in words that PostgreSQL can’t store', async () => {
    await come('in-odd-words')
    await expect(turn(7n)).rejects.toThrow('odd')
    expect(await rowOf('in-odd-words')).toMatchObject({ attempts: 1, problem: 'odd \uFFFD words' })
  })

  test('goes on without one that has ended the process each time', async () => {
    await come('first')
    await come('second')
    await database.prisma.webhook.update({ where: { deliveryId: 'first' }, data: { attempts: TRIES_MAX } })
    expect(await turn(7n)).toBe(true)
    expect(handled).toEqual(['second'])
    expect((await rowOf('first')).problem).toContain('ended each time')
  })
})
