/** The one place where a transaction is tried again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Prisma, PrismaClient } from '../../prisma/client/client.ts'
import type { Database } from './open.ts'
import { isUnanswered, lostConnection, lostToAnother } from './problems.ts'

/** How often a transaction is begun before its error stands. */
const ATTEMPTS_MAX = 5
const BACKOFF_MS = 20

/**
 * Runs `work` in one transaction, again from the start when it lost to another one (a deadlock, a serialization failure,
 * or a row that the other had inserted first), and when the connection broke. Nobody knows then whether the database has
 * committed, so `work` must read what it decides on inside, and find what an earlier try of itself has left.
 */
export async function transact<T>(
  prisma: PrismaClient,
  work: (transaction: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return trying(() => prisma.$transaction(work))
}

/** `$1`, `$2` … are its values: text, numbers, or JSON as text, or many as `jsonArray` has them. A server's connection prepares it once, under its name. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** A transaction as the ledger's own statements see it. */
export interface Sql {
  /** Statements are carried out in the order in which they are asked for, whether or not their answers are waited for. */
  rows<Row extends object>(statement: Statement, values: readonly Value[]): Promise<readonly Row[]>
}

export type Value = string | number | null | readonly string[] | Buffer

export interface TransactOptions {
  /** A server waits for a row that somebody else has locked no longer than that, instead of as long as it is told in general. */
  readonly lockTimeoutMs?: number
}

/** As `transact`, on a connection of the pool itself: Prisma's way takes longer than the statements of a reservation do. */
export async function transactSql<T>(
  connections: Connections,
  work: (sql: Sql) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  return trying(() => once(connections, work, options))
}

export type Connections = Pick<Database, 'pool' | 'kind'>

/**
 * A named statement is planned once. By itself the server plans each execution anew where the values are few, as in a small
 * batch, and that takes twice as long as carrying it out; ours find their rows by the same indexes whatever the values are.
 * A plan made while a table is small would read all of it, and be kept while it grows.
 */
const BEGIN = {
  server: 'BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off',
  embedded: 'BEGIN',
} as const

function beginning(kind: Database['kind'], { lockTimeoutMs }: TransactOptions): string {
  // The embedded database has one session, in which nobody waits for a lock.
  const bound = kind === 'embedded' || lockTimeoutMs === undefined ? '' : `; SET LOCAL lock_timeout = ${lockTimeoutMs}`
  return BEGIN[kind] + bound
}

async function once<T>(
  { pool, kind }: Connections,
  work: (sql: Sql) => Promise<T>,
  options: TransactOptions,
): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  // Told to whoever waits for an answer as well; as an event that nobody hears it would end the process.
  const breaks = (error: Error) => {
    broken = error
  }
  client.on('error', breaks)
  try {
    const begun = client.query(beginning(kind, options))
    const result = await work(sqlWithin(client, kind, begun))
    await begun
    await client.query('COMMIT')
    return result
  } catch (error) {
    // Of one that broke while nothing was under way, the next statement says only that it can't be used.
    const cause = broken ?? error
    // A rollback would wait behind the statement that has no answer; the server does it when the connection goes.
    if (isUnanswered(error)) breaks(error)
    else if (broken === undefined) await client.query('ROLLBACK').catch(breaks)
    throw cause
  } finally {
    client.off('error', breaks)
    client.release(broken)
  }
}

/** One statement without a transaction around it, that only reads or may as well be carried out twice. */
export async function oneSql<Row extends object>(
  { pool, kind }: Connections,
  statement: Statement,
  values: readonly Value[],
): Promise<readonly Row[]> {
  return trying(async () => (await pool.query<Row>(queryOf(statement, values, kind))).rows)
}

/** In `pg`'s pipeline a server is sent each statement at once, behind those that it has not answered yet, and a transaction's first behind its BEGIN. */
function sqlWithin(client: pg.PoolClient, kind: Database['kind'], begun: Promise<unknown>): Sql {
  let last = begun
  return {
    async rows<Row extends object>(statement: Statement, values: readonly Value[]) {
      const send = () => client.query<Row>(queryOf(statement, values, kind))
      const answer = client.pipeline ? send() : last.then(send)
      last = answer
      // Where none was begun, whoever asked must not go on: what it wrote would be kept at once.
      const [{ rows }] = await Promise.all([answer, begun])
      return rows
    },
  }
}

/** The embedded database has one session for all its connections, and so one set of names. */
function queryOf({ name, text }: Statement, values: readonly Value[], kind: Database['kind']): pg.QueryConfig {
  return { ...(kind === 'server' ? { name, text } : { text }), values: [...values] }
}

async function trying<T>(once: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once()
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !(lostToAnother(error) || lostConnection(error))) throw error
      await sleep(BACKOFF_MS * attempt * (0.5 + Math.random()))
    }
  }
}
