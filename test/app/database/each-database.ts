/** Runs the same tests on the embedded database and, where the machine has one, on a PostgreSQL server. */
import { afterAll, beforeAll, describe } from 'vitest'
import { type Database, type DatabaseOptions, openDatabase } from '../../../app/database/open.ts'
import { type Ledger, openLedger } from '../../../app/ledger/ledger.ts'
import { inMemory } from './embedded-beginning.ts'
import { hasTestServer, startTestServer, type TestServer, warnServerMissing } from './server.ts'

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

  if (!serverThere) warnServerMissing()
  describe.skipIf(!serverThere)(`${name}, on a PostgreSQL server`, () => {
    let server: TestServer | undefined
    let opened: OpenedDatabase
    beforeAll(async () => {
      server = await startTestServer()
      opened = await open({ url: server?.url })
    })
    afterAll(async () => {
      await opened.close()
      await server?.stop()
    })
    tests(() => opened)
  })
}
