/** The ledger of one process: the database's connections, and what gathers the operations that come at the same time. */

import type { Database } from '../database/open.ts'
import { type Connections, lostConnection, oneSql, transactSql, waitedInVain } from '../database/transact.ts'
import { Batcher, Lanes } from './batch.ts'
import { type EndAnswer, type EndRequest, endRuns } from './end-runs.ts'
import { RunRepositories } from './repositories.ts'
import type { ReserveRequest } from './reserve.ts'
import { keysOf, type ReserveAnswer, reserveRuns } from './reserve-runs.ts'

/** Where the database can't be reached, or a row is held by somebody else, asking again for each one would only multiply the wait. */
function concernsAll(error: unknown): boolean {
  return lostConnection(error) || waitedInVain(error)
}

/** How many operations one transaction carries out at most. */
const BATCH_MAX = 50

/**
 * What is asked of one repository goes together, and waits for nothing of another's. Each answers or fails, and keeps
 * nothing then, once the transaction that was under way has ended and its own has: none waits for a row longer than
 * `lock_timeout` allows (`app/database/open.ts`), and whoever waits behind one that did is told at once.
 */
export interface Ledger extends Connections, Pick<Database, 'prisma'> {
  readonly reserving: { add(asked: ReserveRequest): Promise<ReserveAnswer> }
  readonly ending: { add(request: EndRequest): Promise<EndAnswer> }
  /** Resolves when what was asked is done. Close the database afterwards. */
  close(): Promise<void>
}

export function openLedger({ prisma, pool, kind }: Pick<Database, 'prisma' | 'pool' | 'kind'>): Ledger {
  const connections = { pool, kind }
  const common = { requestsMax: BATCH_MAX, concernsAll }
  const repositories = new RunRepositories()
  const reserving = new Lanes<ReserveRequest, ReserveAnswer>(({ session }) => `${session.repositoryId}`, {
    ...common,
    keysOf,
    async work(asked) {
      const answers = await transactSql(connections, (sql) => reserveRuns(sql, asked))
      for (const answer of answers) {
        if (answer.kind === 'new') repositories.remember(answer.row.run.id, `${answer.row.run.repositoryId}`)
      }
      return answers
    },
  })
  const locating = new Batcher<string, string>({
    ...common,
    keysOf: () => [],
    work: (runIds) => repositoriesOf(connections, runIds),
  })
  const ending = new Lanes<EndRequest & { readonly repositoryId: string }, EndAnswer>(
    ({ repositoryId }) => repositoryId,
    {
      ...common,
      keysOf: ({ runId }) => [runId],
      work: (requests) => transactSql(connections, (sql) => endRuns(sql, requests)),
    },
  )
  return {
    prisma,
    ...connections,
    reserving,
    ending: {
      async add(request) {
        const repositoryId = repositories.of(request.runId) ?? (await locating.add(request.runId))
        return ending.add({ ...request, repositoryId })
      },
    },
    async close() {
      await locating.idle()
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
