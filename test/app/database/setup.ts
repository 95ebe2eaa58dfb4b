/**
 * Made once for all test files, since it takes seconds each time: a PostgreSQL server, on which each test gets a database
 * of its own, and a migrated embedded database to begin with in memory.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../../app/database/open.ts'
import { findPrograms, startOwn } from './server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that holds the embedded database, as PGlite dumps it. */
    readonly embeddedBeginning: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'purser-tests-'))
  const file = join(folder, 'embedded.tar')
  await writeBeginning(join(folder, 'data'), file)
  project.provide('embeddedBeginning', file)

  const programs = process.env.PURSER_TEST_DATABASE_URL ? undefined : await findPrograms()
  const server = programs === undefined ? undefined : await startOwn(programs)
  if (server !== undefined) process.env.PURSER_TEST_DATABASE_URL = server.url
  return async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
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
