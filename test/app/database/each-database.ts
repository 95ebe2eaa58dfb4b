/** Runs the same tests on the embedded database and, where the machine has one, on a PostgreSQL server. */
import { afterAll, beforeAll, describe } from 'vitest'
import { type Database, IN_MEMORY, openDatabase } from '../../../app/database/open.ts'
import { hasTestServer, startTestServer, type TestServer, warnServerMissing } from './server.ts'

const serverThere = await hasTestServer()

/** `database()` is open while the tests run; one for all tests of the file. */
export function onEachDatabase(name: string, tests: (database: () => Database) => void): void {
  describe(`${name}, embedded`, () => {
    let opened: Database
    beforeAll(async () => {
      opened = await openDatabase({ dataDir: IN_MEMORY })
    })
    afterAll(() => opened.close())
    tests(() => opened)
  })

  if (!serverThere) warnServerMissing()
  describe.skipIf(!serverThere)(`${name}, on a PostgreSQL server`, () => {
    let server: TestServer | undefined
    let opened: Database
    beforeAll(async () => {
      server = await startTestServer()
      opened = await openDatabase({ url: server?.url })
    })
    afterAll(async () => {
      await opened.close()
      await server?.stop()
    })
    tests(() => opened)
  })
}
