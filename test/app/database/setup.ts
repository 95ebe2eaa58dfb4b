/**
 * Made once for all test files, since it takes seconds each time: a PostgreSQL server, on which each test gets a database
 * of its own; and a migrated database to begin with, of each kind.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../../app/database/open.ts'
import { findPrograms, freshDatabaseOn, startOwn } from './server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that holds the embedded database, as PGlite dumps it. */
    readonly embeddedBeginning: string
    /** The folder of one that lies on disk. */
    readonly embeddedFolder: string
    /** The migrated database to copy on the server, where there is one. */
    readonly serverBeginning: string | undefined
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'purser-tests-'))
  const file = join(folder, 'embedded.tar')
  const dataDir = join(folder, 'data')
  project.provide('embeddedBeginning', file)
  project.provide('embeddedFolder', dataDir)
  const [stopServer] = await Promise.all([startServer(project), writeBeginning(dataDir, file)])
  return async () => {
    await stopServer()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Answers how to stop it again, also where there is none. */
async function startServer(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.PURSER_TEST_DATABASE_URL
  const programs = given ? undefined : await findPrograms()
  const server = programs === undefined ? undefined : await startOwn(programs)
  const url = given || server?.url
  if (url === undefined) {
    project.provide('serverBeginning', undefined)
    return async () => {}
  }
  process.env.PURSER_TEST_DATABASE_URL = url
  const beginning = await freshDatabaseOn(url)
  await (await openDatabase({ url: beginning.url })).close()
  project.provide('serverBeginning', beginning.name)
  return async () => {
    await beginning.stop()
    await server?.stop()
  }
}

async function writeBeginning(dataDir: string, file: string): Promise<void> {
  const database = await openDatabase({ dataDir })
  await database.close()
  const engine = await PGlite.create(dataDir)
  const dump = await engine.dumpDataDir('none')
  await engine.close()
  await writeFile(file, Buffer.from(await dump.arrayBuffer()))
}
