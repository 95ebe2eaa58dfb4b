/** Backup and restore as docs/storage.md says: what comes back adds up, says the same and goes on. */
import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { exportLedger } from '../../../app/database/carry/export.ts'
import { type Database, openDatabase } from '../../../app/database/open.ts'
import { auditLedger } from '../../../app/ledger/audit.ts'
import { keepBooks } from '../ledger/books.ts'
import { newRepository } from '../ledger/scene.ts'
import { onDisk } from './embedded-beginning.ts'
import { hasTestServer, startTestServer, warnServerMissing } from './server.ts'

const run = promisify(execFile)

async function textOf({ connectionString }: Database): Promise<string> {
  let text = ''
  await exportLedger(connectionString, async (line) => {
    text += line
  })
  return text
}

async function expectToGoOn(database: Database, text: string): Promise<void> {
  expect(await textOf(database)).toBe(text)
  expect(await auditLedger(database.connectionString)).toMatchObject({ accounts: 1, entries: 13, findings: [] })
  await keepBooks(database)
  expect(await auditLedger(database.connectionString)).toMatchObject({ accounts: 2, entries: 26, findings: [] })
  await expect(database.prisma.$executeRaw`DELETE FROM entry`).rejects.toThrow('an entry is never changed or deleted')
}

it('restores an embedded ledger from a copy of its folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'purser-backup-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const first = await openDatabase({ dataDir: onDisk(join(folder, 'data')) })
  await keepBooks(first)
  const text = await textOf(first)
  await first.close()
  cpSync(join(folder, 'data'), join(folder, 'backup'), { recursive: true })

  const later = await openDatabase({ dataDir: join(folder, 'data') })
  await newRepository(later.prisma)
  await later.close()
  await rm(join(folder, 'data'), { recursive: true })
  cpSync(join(folder, 'backup'), join(folder, 'data'), { recursive: true })
  const restored = await openDatabase({ dataDir: join(folder, 'data') })
  await expectToGoOn(restored, text)
  await restored.close()
}, 180_000)

const serverThere = await hasTestServer()
if (!serverThere) warnServerMissing()
const hasDump = await run('pg_dump', ['--version']).then(
  () => true,
  () => false,
)
if (!hasDump)
  console.warn(
    'LEFT OUT: the test of pg_dump, for there is none; bring it with `sudo apt-get install -y postgresql-client`',
  )

it.skipIf(!serverThere || !hasDump)(
  'restores a server’s ledger from pg_dump',
  async () => {
    const server = await startTestServer()
    const url = server?.url ?? ''
    const name = `restored_${process.pid}`
    const restoredUrl = new URL(url)
    restoredUrl.pathname = `/${name}`
    const folder = await mkdtemp(join(tmpdir(), 'purser-backup-'))
    const dump = join(folder, 'purser.dump')
    const database = await openDatabase({ url })
    try {
      await keepBooks(database)
      const text = await textOf(database)
      // While the App goes on: what it does later is not in the backup.
      await run('pg_dump', ['--format=custom', '--no-owner', `--file=${dump}`, url])
      await keepBooks(database)

      await database.prisma.$executeRawUnsafe(`CREATE DATABASE ${name}`)
      await run('pg_restore', ['--no-owner', '--exit-on-error', `--dbname=${restoredUrl.href}`, dump])
      const restored = await openDatabase({ url: restoredUrl.href })
      try {
        await expectToGoOn(restored, text)
      } finally {
        await restored.close()
      }
    } finally {
      await database.prisma.$executeRawUnsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await database.close()
      await server?.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
  60_000,
)
