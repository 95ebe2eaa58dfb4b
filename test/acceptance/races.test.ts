/** Several processes at one ledger, and kill -9 of any of them: what was acknowledged stays, and nothing is doubled. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../app/database/open.ts'
import { onDisk } from '../app/database/embedded-beginning.ts'
import { startTestServer, warnServerMissing } from '../app/database/server.ts'
import { MAIN, RAISED_MICRO_USD } from './races/asked.ts'
import { expectAuditClean, expectKept } from './races/books.ts'
import { factsOf, startRacer } from './races/process.ts'
import { programs, startMortalServer } from './races/server.ts'
import { watchAccounts } from './races/watch.ts'

const TIMEOUT_MS = 300_000

if (programs === undefined) warnServerMissing()

describe.skipIf(programs === undefined)('on one PostgreSQL server', () => {
  it(
    'processes spend an account to its last micro-dollar and never beyond, and no error reaches any of them',
    async () => {
      const server = await startTestServer()
      const url = server?.url ?? ''
      onTestFinished(() => server?.stop())
      const database = await openDatabase({ url })
      const watch = await watchAccounts(url)

      const racers = ['a', 'b', 'c'].map((name) =>
        startRacer({
          url,
          name,
          lanes: 3,
          keysMax: 2000,
          onError: 'stop',
          sharesKeys: true,
        }),
      )
      const ends = await Promise.all(racers.map(({ ended }) => ended))
      const { looks, wrong } = await watch.stop()
      expect(factsOf(racers, 'failed')).toEqual([])
      expect(ends).toEqual(['0', '0', '0'])
      expect(wrong).toEqual([])
      expect(looks).toBeGreaterThan(10)

      const where = { kind: 'portfolio', name: MAIN } as const
      expect(await database.prisma.account.findFirstOrThrow({ where })).toMatchObject({
        budget: RAISED_MICRO_USD,
        ceiling: RAISED_MICRO_USD,
        spent: RAISED_MICRO_USD,
        held: 0n,
      })
      // Whoever was told "no" was told so for want of room, or had come after another to a run that they shared.
      const reasons = factsOf(racers, 'refused').map(({ what, reason }) => `${what}: ${reason}`)
      const expected = ['claim: already-claimed', 'claim: run-over', 'reserve: no-room']
      expect([...new Set(reasons)].filter((reason) => !expected.includes(reason))).toEqual([])
      // A run has one key and a key one run, whichever process asked.
      const reserved = factsOf(racers, 'reserved')
      const runs = new Set(reserved.map(({ runId }) => runId))
      expect(new Set(reserved.map(({ key, runId }) => `${key} ${runId}`)).size).toBe(runs.size)
      expect(await database.prisma.run.count()).toBe(runs.size)
      expect(reserved.length).toBeGreaterThan(runs.size)
      await expectKept(database, racers)
      await expectAuditClean(database)
      await database.close()
    },
    TIMEOUT_MS,
  )

  it(
    'a server that is killed under load comes back with all that it had acknowledged, and the rest is asked for again',
    async () => {
      const server = await startMortalServer()
      onTestFinished(() => server.stop())
      const { url } = server
      const common = { url, lanes: 4, keysMax: 24, onError: 'repeat' } as const
      const racers = ['a', 'b'].map((name) => startRacer({ ...common, name }))
      await Promise.all(racers.map((racer) => racer.said('settled', 8)))
      await server.kill()
      await Promise.all(racers.map((racer) => racer.said('failed', 1)))
      await server.start()
      expect(await Promise.all(racers.map(({ ended }) => ended))).toEqual(['0', '0'])
      expect(factsOf(racers, 'failed').length).toBeGreaterThan(0)

      const database = await openDatabase({ url })
      await expectKept(database, racers)
      expect(await database.prisma.run.count({ where: { state: { not: 'ended' } } })).toBe(0)
      await expectAuditClean(database)
      await database.close()
    },
    TIMEOUT_MS,
  )
})

describe('kill -9 of a process in the middle of its work', () => {
  const kinds = ['embedded', 'server'] as const
  it.each(programs === undefined ? kinds.slice(0, 1) : kinds)(
    'leaves the %s ledger in order, and the next process goes on with the same keys',
    async (kind) => {
      const folder = await mkdtemp(join(tmpdir(), 'purser-races-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const server = kind === 'server' ? await startTestServer() : undefined
      if (server !== undefined) onTestFinished(() => server.stop())
      const place = server === undefined ? { dataDir: onDisk(join(folder, 'data')) } : { url: server.url }
      const orders = { ...place, lanes: 4, keysMax: 24, onError: 'stop' } as const

      const killed = startRacer({ ...orders, name: 'a' })
      await killed.said('settled', 8)
      killed.kill('SIGKILL')
      expect(await killed.ended).toBe('SIGKILL')
      const again = startRacer({ ...orders, name: 'a' })
      expect(await again.ended).toBe('0')
      expect(factsOf([killed, again], 'failed')).toEqual([])
      // It met all that the killed one had been granted, as it was.
      const told = new Map(factsOf([again], 'reserved').map(({ key, runId, held }) => [key, `${runId} ${held}`]))
      for (const { key, runId, held } of factsOf([killed], 'reserved')) expect(told.get(key)).toBe(`${runId} ${held}`)

      const database = await openDatabase(place)
      await expectKept(database, [killed, again])
      await expectAuditClean(database)
      await database.close()
    },
    TIMEOUT_MS,
  )
})
