import { expect, it } from 'vitest'
import { openDatabase } from '../../../app/database/open.ts'
import { statementNames } from '../../../app/database/statement-names.ts'
import { hasTestServer, startTestServer, warnServerMissing } from './server.ts'

it('names a text always the same, and no other so', () => {
  const nameOf = statementNames()
  const [one, two] = [nameOf({ sql: 'SELECT 1' }), nameOf({ sql: 'SELECT 2' })]
  expect(one).not.toBe(two)
  expect(nameOf({ sql: 'SELECT 1' })).toBe(one)
})

it('names no more texts than connections should keep', () => {
  const nameOf = statementNames(2)
  expect(['a', 'b', 'c', 'a', 'd'].map((sql) => nameOf({ sql }) !== '')).toEqual([true, true, false, true, false])
})

const serverThere = await hasTestServer()
if (!serverThere) warnServerMissing()

it.skipIf(!serverThere)(
  'a server’s connection reads a statement of Prisma’s once, however often it comes',
  async () => {
    const server = await startTestServer()
    const { prisma, close } = await openDatabase({ url: server?.url })
    try {
      const prepared = await prisma.$transaction(async (transaction) => {
        for (let id = 1n; id <= 9n; id += 1n) await transaction.repository.findUnique({ where: { id } })
        return transaction.$queryRaw`
        SELECT (generic_plans + custom_plans)::int AS times
        FROM pg_prepared_statements WHERE statement LIKE 'SELECT "public"."repository"%'`
      })
      expect(prepared).toEqual([{ times: 9 }])
    } finally {
      await close()
      await server?.stop()
    }
  },
)
