/** Runs the same tests on the embedded database and, where the machine has one, on a PostgreSQL server. */
import { afterAll, beforeAll, describe } from 'vitest'
import { type Database, type DatabaseOptions, openDatabase } from '../../../app/database/open.ts'
import { type Ledger, openLedger } from '../../../app/ledger/ledger.ts'
import { inMemory } from './embedded-beginning.ts'
import { type MigratedDatabase, migratedDatabase } from './migrated.ts'
import { hasTestServer, warnServerMissing } from './server.ts'

const serverThere = await hasTestServer()

export interface OpenedDatabase extends Database {
  readonly ledger: Ledger
}

async function open(options: DatabaseOptions): Promise<OpenedDatabase> {
  const database = await openDatabase(options)
  return { ...database, ledger: openLedger(database) }
}

/** `database()` is open while the tests run; one for all tests of the file. */
export function onEachDatabase(name: string, tests: (database: () => OpenedDatabase) => void): void {
  describe(`${name}, embedded`, () => {
    let opened: OpenedDatabase
    beforeAll(async () => {
      opened = await open({ dataDir: inMemory() })
    })
    afterAll(() => opened.close())
    tests(() => opened)
  })

  if (serverThere) onOneDatabase(`${name}, on a PostgreSQL server`, tests)
  else warnServerMissing()
}

/** On the server where the machine has one, for what takes long and is the same on both. */
export function onOneDatabase(name: string, tests: (database: () => OpenedDatabase) => void): void {
  describe(name, () => {
    let migrated: MigratedDatabase
    let opened: OpenedDatabase
    beforeAll(async () => {
      migrated = await migratedDatabase()
      const { options } = migrated
      opened = await open('databaseUrl' in options ? { url: options.databaseUrl } : options)
    })
    afterAll(async () => {
      await opened.close()
      await migrated.drop()
    })
    tests(() => opened)
  })
}
