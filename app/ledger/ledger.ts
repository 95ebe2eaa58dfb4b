/** The ledger of one process: the database's connections, and what gathers the operations that come at the same time. */

import type { Database } from '../database/open.ts'
import { isUnanswered, lostConnection, transactSql } from '../database/transact.ts'
import { Batcher } from './batch.ts'
import { type EndAnswer, type EndRequest, endRuns } from './end-runs.ts'
import { keysOf, type ReserveAnswer, type ReserveAsked, reserveRuns } from './reserve-runs.ts'

/** Where the database can't be reached, asking again for each one by itself would only multiply the wait. */
function concernsAll(error: unknown): boolean {
  return lostConnection(error) || isUnanswered(error)
}

/** How many operations one transaction carries out at most. */
const BATCH_MAX = 50

export interface Ledger extends Pick<Database, 'prisma' | 'pool' | 'kind'> {
  readonly reserving: Batcher<ReserveAsked, ReserveAnswer>
  readonly ending: Batcher<EndRequest, EndAnswer>
  /** Resolves when what was asked is done. Close the database afterwards. */
  close(): Promise<void>
}

export function openLedger({ prisma, pool, kind }: Pick<Database, 'prisma' | 'pool' | 'kind'>): Ledger {
  const connections = { pool, kind }
  const common = { requestsMax: BATCH_MAX, concernsAll }
  const reserving = new Batcher<ReserveAsked, ReserveAnswer>({
    ...common,
    keysOf,
    work: (asked) => transactSql(connections, (sql) => reserveRuns(sql, asked)),
  })
  const ending = new Batcher<EndRequest, EndAnswer>({
    ...common,
    keysOf: ({ runId }) => [runId],
    work: (requests) => transactSql(connections, (sql) => endRuns(sql, requests)),
  })
  return {
    prisma,
    ...connections,
    reserving,
    ending,
    async close() {
      await Promise.all([reserving.idle(), ending.idle()])
    },
  }
}
