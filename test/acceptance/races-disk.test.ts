/** A disk that fills up: what was acknowledged stays, what was not is an error, and with room again the ledger goes on. */

import { execFileSync } from 'node:child_process'
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../app/database/open.ts'
import { warnServerMissing } from '../app/database/server.ts'
import { expectAuditClean, expectKept } from './races/books.ts'
import { type Fact, factSchema, type Orders } from './races/facts.ts'
import { factsOf, QUICK, type Racer, startRacer, WORKER } from './races/process.ts'
import { programs } from './races/server.ts'
import { canMakeRooms, SmallRoom } from './races/small-room.ts'

const MEGABYTE = 1_000_000
const TIMEOUT_MS = 300_000

const roomsThere = await canMakeRooms()
if (!roomsThere) console.warn('LEFT OUT: the tests of a full disk, which are made with `bwrap` and user namespaces')
if (programs === undefined) warnServerMissing()

async function newFolder(): Promise<string> {
  const folder = await mkdtemp('/tmp/purser-full-')
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

it.skipIf(!roomsThere)(
  'the embedded ledger survives a full disk, also in a copy elsewhere, and goes on once there is room',
  async () => {
    const folder = await newFolder()
    const disk = join(folder, 'disk')
    const dataDir = join(disk, 'data')
    await mkdir(disk)
    const room = new SmallRoom(disk, { bytes: 100 * MEGABYTE })
    onTestFinished(() => room.close())
    await room.run(`cp -r ${inject('embeddedFolder')} ${dataDir}`)
    const work = async (orders: Pick<Orders, 'name' | 'keysMax'>) => {
      const all: Orders = { ...orders, dataDir, lanes: 2, onError: 'stop' }
      const { code, lines } = await room.run(
        `${[process.execPath, ...QUICK, WORKER].join(' ')} '${JSON.stringify(all)}'`,
      )
      return { code, facts: lines.map((line): Fact => factSchema.parse(JSON.parse(line))) }
    }
    const first = await work({ name: 'a', keysMax: 4 })
    expect(first.code).toBe(0)
    await room.fillBut(0.2 * MEGABYTE)
    const failing = await work({ name: 'b', keysMax: 400 })
    expect(failing.code).not.toBe(0)
    const errors = factsOf([failing], 'failed').map(({ error }) => error)
    expect(errors.join('\n')).toMatch(/No space left on device/)

    const copy = join(folder, 'copy')
    await room.run(`cp -r ${dataDir} ${copy}`)
    const elsewhere = await openDatabase({ dataDir: copy })
    await expectKept(elsewhere, [first, failing])
    await expectAuditClean(elsewhere)
    await elsewhere.close()

    await room.free()
    const going = await work({ name: 'b', keysMax: 40 })
    expect(factsOf([going], 'failed')).toEqual([])
    expect(going.code).toBe(0)
    const laterDir = join(folder, 'later')
    await room.run(`cp -r ${dataDir} ${laterDir}`)
    const later = await openDatabase({ dataDir: laterDir })
    await expectKept(later, [first, failing, going])
    await expectAuditClean(later)
    await later.close()
  },
  TIMEOUT_MS,
)

it.skipIf(!roomsThere || programs === undefined)(
  'a server’s ledger survives a full disk, and goes on once there is room',
  async () => {
    const folder = await newFolder()
    const disk = join(folder, 'disk')
    await mkdir(disk)
    const isRoot = process.getuid?.() === 0
    if (isRoot) for (const path of [folder, disk]) await chown(path, idOf('postgres'), -1)
    const room = new SmallRoom(disk, { bytes: 100 * MEGABYTE, user: isRoot ? 'postgres' : undefined })
    onTestFinished(() => room.close())
    const data = join(disk, 'data')
    const control = (words: string) => room.run(`${programs}/pg_ctl -D ${data} -l ${folder}/log ${words} >/dev/null`)
    const settings = `-k ${folder} -h '' -c fsync=on`
    const start = async () => expect((await control(`-w -t 60 start -o "${settings}"`)).code).toBe(0)
    const small = '--wal-segsize=1 -U postgres -A trust -E UTF8'
    expect((await room.run(`${programs}/initdb -D ${data} ${small} >/dev/null`)).code).toBe(0)
    await start()

    const url = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`
    const common = { url, lanes: 4, onError: 'stop' } as const
    const racers: Racer[] = []
    const work = async (orders: Pick<Orders, 'name' | 'keysMax'>) => {
      const racer = startRacer({ ...common, ...orders })
      racers.push(racer)
      return { racer, code: await racer.ended }
    }
    expect(await work({ name: 'a', keysMax: 8 })).toMatchObject({ code: '0' })
    await room.fillBut(0.2 * MEGABYTE)
    const failing = await work({ name: 'b', keysMax: 400 })
    expect(failing.code).not.toBe('0')
    expect(factsOf([failing.racer], 'failed').length).toBeGreaterThan(0)
    expect(await readFile(join(folder, 'log'), 'utf8')).toContain('No space left on device')

    await room.free()
    await control('-m immediate stop')
    await start()
    const going = await work({ name: 'b', keysMax: 40 })
    expect(factsOf([going.racer], 'failed')).toEqual([])
    const database = await openDatabase({ url })
    await expectKept(database, racers)
    await expectAuditClean(database)
    await database.close()
    await control('-m immediate stop')
  },
  TIMEOUT_MS,
)

function idOf(user: string): number {
  return Number(execFileSync('id', ['-u', user], { encoding: 'utf8' }))
}
