import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DatabaseLocked } from '../../../app/database/lock.ts'
import { type Database, openDatabase } from '../../../app/database/open.ts'
import { inMemory, onDisk } from './embedded-beginning.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const ROWS_BEFORE_KILL = 50

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'purser-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** As this process is, it compiles PGlite's functions once. */
function startWriter(dataDir: string) {
  return spawn(process.execPath, [...process.execArgv, WRITER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
}

const repositories = async (database: Database) => database.prisma.repository.count()

it('keeps what was written when it is closed and opened again', async () => {
  const dataDir = onDisk(join(folder, 'data'))
  const first = await openDatabase({ dataDir })
  expect(first.kind).toBe('embedded')
  await first.prisma.repository.create({
    data: { id: 1n, owner: 'acme', name: 'shop', installationId: 1n, defaultBranch: 'main' },
  })
  await first.close()
  await first.close()

  const second = await openDatabase({ dataDir })
  expect(await repositories(second)).toBe(1)
  await second.close()
})

it('listens where only this user can go', async () => {
  const database = await openDatabase({ dataDir: inMemory() })
  const socketDir = new URL(database.connectionString).searchParams.get('host') ?? ''
  expect((await stat(socketDir)).mode & 0o777).toBe(0o700)
  await database.close()
  await expect(stat(socketDir)).rejects.toThrow('ENOENT')
})

it('refuses a second user of the folder, in this process or another, and says what to do; after kill -9 it is free at once, with every row that was acknowledged', async () => {
  const dataDir = onDisk(join(folder, 'data'))
  const writer = startWriter(dataDir)
  let acknowledged = 0
  let refused: unknown
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged = Number(line)
    if (acknowledged === 1) refused = await openDatabase({ dataDir }).catch((error: unknown) => error)
    if (acknowledged === ROWS_BEFORE_KILL) writer.kill('SIGKILL')
  }
  expect(refused).toBeInstanceOf(DatabaseLocked)
  expect(refused).toHaveProperty('message', expect.stringMatching(/in use by another process.*DATABASE_URL/))

  const database = await openDatabase({ dataDir })
  expect(acknowledged).toBeGreaterThanOrEqual(ROWS_BEFORE_KILL)
  expect(await repositories(database)).toBeGreaterThanOrEqual(acknowledged)
  await expect(openDatabase({ dataDir })).rejects.toThrow(DatabaseLocked)
  await database.close()
})

it('begins anew after kill -9 in the middle of making its first files', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'deep', 'data')
  const names = () => readdir(dataDir).catch((): string[] => [])
  // Anew where the machine was so busy that the kill came too late.
  do {
    await rm(dataDir, { recursive: true, force: true })
    const writer = startWriter(dataDir)
    const ended = once(writer, 'exit')
    while (!(await names()).includes('base')) await sleep(1)
    writer.kill('SIGKILL')
    await ended
  } while (!(await names()).includes('purser-unfinished'))

  const database = await openDatabase({ dataDir })
  expect(await repositories(database)).toBe(0)
  await database.close()
  expect(await names()).not.toContain('purser-unfinished')
})

it('removes nothing that looks like a database, also where a first start was ended', async () => {
  const dataDir = onDisk(join(folder, 'data'))
  await writeFile(join(dataDir, 'purser-unfinished'), '')
  await writeFile(join(dataDir, 'base', 'a-ledger'), '')
  await (await openDatabase({ dataDir })).close()
  const [aside = ''] = (await readdir(folder)).filter((name) => name.startsWith('data.unfinished'))
  expect(await readdir(join(folder, aside, 'base'))).toContain('a-ledger')
  expect(await readdir(join(dataDir, 'base'))).not.toContain('a-ledger')
})

it('is one folder under all its names', async () => {
  const dataDir = onDisk(join(folder, 'data'))
  const link = join(folder, 'link')
  await symlink(dataDir, link)
  const database = await openDatabase({ dataDir: link })
  await expect(openDatabase({ dataDir })).rejects.toThrow(DatabaseLocked)
  await database.close()
})

it('says that it does not open where its files are broken', async () => {
  const dataDir = onDisk(join(folder, 'data'))
  await rm(join(dataDir, 'global'), { recursive: true })
  await expect(openDatabase({ dataDir })).rejects.toThrow(/data does not open as the embedded database \(.+\)/)
})

it('reports a server that is not there', async () => {
  const url = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`
  await expect(openDatabase({ url })).rejects.toThrow('ENOENT')
})
