/** The ledger of one process: the database's connections, and what gathers the operations that come at the same time. */

import pLimit from 'p-limit'
import { Batcher } from '../database/batch.ts'
import type { Database } from '../database/open.ts'
import { isAway, isHeld } from '../database/problems.ts'
import { Together } from '../database/together.ts'
import { type Connections, oneSql, type Sql, transactSql } from '../database/transact.ts'
import { type EndAnswer, type EndRequest, endRuns } from './end-runs.ts'
import { RunRepositories } from './repositories.ts'
import type { ReserveRequest } from './reserve.ts'
import { keysOf, type ReserveAnswer, reserveRuns } from './reserve-runs.ts'

/** How many operations one transaction carries out at most. */
const BATCH_MAX = 50
/** Longer than many batches of other processes take, and short enough to wait for another repository's row. */
export const PATIENCE_MS = 250
/** So many repositories wait for their rows at a time, each with a connection: half of the pool is left to everybody else. */
const APART_AT_ONCE = 5

/**
 * What is asked goes together as long as no row is held by somebody else, and each repository by itself else. Each answers or
 * fails once what was under way has ended and its own has: none waits for a row longer than `lock_timeout` allows
 * (`app/database/open.ts`), and whoever waits behind one that did is told at once.
 */
export interface Ledger extends Connections, Pick<Database, 'prisma'> {
  readonly reserving: { add(asked: ReserveRequest): Promise<ReserveAnswer> }
  readonly ending: { add(request: EndRequest): Promise<EndAnswer> }
  /** Resolves when what was asked is done. Close the database afterwards. */
  close(): Promise<void>
}

export function openLedger({ prisma, pool, kind }: Pick<Database, 'prisma' | 'pool' | 'kind'>): Ledger {
  const connections = { pool, kind }
  // Where the database can't be reached, or somebody holds a row, asking again for each one would only multiply the wait.
  const common = { requestsMax: BATCH_MAX, concernsAll: isAway, isHeld }
  const apart = pLimit(APART_AT_ONCE)
  const transact = <T>(work: (sql: Sql) => Promise<T>, isPatient: boolean): Promise<T> =>
    isPatient
      ? apart(() => transactSql(connections, work))
      : transactSql(connections, work, { lockTimeoutMs: PATIENCE_MS })
  const repositories = new RunRepositories()
  const reserving = new Together<ReserveRequest, ReserveAnswer>({
    ...common,
    keysOf,
    repositoryOf: ({ session }) => `${session.repositoryId}`,
    async work(asked, isPatient) {
      const answers = await transact((sql) => reserveRuns(sql, asked), isPatient)
      for (const answer of answers) {
        if (answer.kind === 'new') repositories.remember(answer.row.run.id, `${answer.row.run.repositoryId}`)
      }
      return answers
    },
  })
  const locating = new Batcher<string, string>({
    requestsMax: BATCH_MAX,
    concernsAll: isAway,
    keysOf: () => [],
    work: (runIds) => repositoriesOf(connections, runIds),
  })
  const ending = new Together<EndRequest, EndAnswer>({
    ...common,
    keysOf: ({ runId }) => [runId],
    repositoryOf: ({ runId }) => repositories.of(runId) ?? locating.add(runId),
    work: (requests, isPatient) => transact((sql) => endRuns(sql, requests), isPatient),
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

const LOCATE = {
  name: 'locate_runs',
  text: 'SELECT id, repository_id::text AS "repositoryId" FROM run WHERE id = ANY($1::text[])',
}

/** Whose the runs are, which never changes; nobody's where there is none of that id. It waits for no lock. */
async function repositoriesOf(connections: Connections, runIds: readonly string[]): Promise<readonly string[]> {
  const rows = await oneSql<{ id: string; repositoryId: string }>(connections, LOCATE, [runIds])
  const found = new Map(rows.map(({ id, repositoryId }) => [id, repositoryId]))
  return runIds.map((id) => found.get(id) ?? '')
}
