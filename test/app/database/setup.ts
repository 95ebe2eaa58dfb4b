/**
 * Made once for all test files and kept for the next start (`kept.ts`), since it takes seconds each time: a PostgreSQL
 * server, on which each test gets a database of its own; and a database to begin with, of each kind, with its tables and
 * those of the queues.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { TestProject } from 'vitest/node'
import { type Database, openDatabase } from '../../../app/database/open.ts'
import { createLog } from '../../../app/log.ts'
import { startWork } from '../../../app/work.ts'
import { kept } from './kept.ts'
import { findPrograms, freshDatabaseOn, startOwn } from './server.ts'

/** The migrated database on the server of our own. */
const BEGINNING = 'purser_beginning'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that holds the embedded database, as PGlite dumps it. */
    readonly embeddedBeginning: string
    /** The folder of one that lies on disk. */
    readonly embeddedFolder: string
    /** The migrated database to copy on the server, where there is one. */
    readonly serverBeginning: string | undefined
    /** The data of a stopped server that has it, where the server is our own. */
    readonly serverFolder: string | undefined
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [stopServer, embedded] = await Promise.all([startServer(project), kept('embedded', [], makeEmbedded)])
  project.provide('embeddedBeginning', join(embedded, 'dump.tar'))
  project.provide('embeddedFolder', join(embedded, 'data'))
  return stopServer
}

/** Answers how to stop it again, also where there is none. */
async function startServer(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.PURSER_TEST_DATABASE_URL
  if (given) {
    const beginning = await freshDatabaseOn(given)
    await migrate(beginning.url)
    project.provide('serverBeginning', beginning.name)
    project.provide('serverFolder', undefined)
    return () => beginning.stop()
  }
  const programs = await findPrograms()
  if (programs === undefined) {
    project.provide('serverBeginning', undefined)
    project.provide('serverFolder', undefined)
    return async () => {}
  }
  const copyOf = await kept('server', [programs], (to) => makeServer(programs, to))
  const server = await startOwn(programs, { copyOf })
  process.env.PURSER_TEST_DATABASE_URL = server.url
  project.provide('serverBeginning', BEGINNING)
  project.provide('serverFolder', join(copyOf, 'data'))
  return () => server.stop()
}

/** A stopped server's data, with the migrated database. */
async function makeServer(programs: string, folder: string): Promise<void> {
  const server = await startOwn(programs)
  await migrate((await freshDatabaseOn(server.url, { name: BEGINNING })).url)
  await server.stop({ keepIn: folder })
}

async function migrate(url: string): Promise<void> {
  const database = await openDatabase({ url })
  await makeQueues(database)
  await database.close()
}

/** pg-boss makes its tables when it first starts. */
async function makeQueues({ connectionString }: Database): Promise<void> {
  const nothing = async () => {}
  const handlers = { events: async () => true, show: nothing, sweep: nothing }
  const work = await startWork(connectionString, handlers, createLog({ level: 'error' }), false)
  await work.stop()
}

async function makeEmbedded(folder: string): Promise<void> {
  const dataDir = join(folder, 'data')
  const database = await openDatabase({ dataDir })
  await makeQueues(database)
  await database.close()
  const engine = await PGlite.create(dataDir)
  // Nobody makes another database from them, and they are half of the files that are copied each time.
  await engine.exec('UPDATE pg_database SET datistemplate = false')
  for (const template of ['template0', 'template1']) await engine.exec(`DROP DATABASE ${template}`)
  const dump = await engine.dumpDataDir('none')
  await engine.close()
  await writeFile(join(folder, 'dump.tar'), Buffer.from(await dump.arrayBuffer()))
}
