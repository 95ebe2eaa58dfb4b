/** The one place that opens the database: PGlite in a folder, or a PostgreSQL server. */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../prisma/client/client.ts'
import { startEmbedded } from './embedded.ts'
import { expectMigrated, migrate, migrateEmpty, readMigrations } from './migrate.ts'

/** Where the embedded database lies when nothing else is said. */
export const DATA_DIR_DEFAULT = '.purser/data'
/** A data directory that exists only in memory; for tests. */
export const IN_MEMORY = 'memory'

/** One row of an account is the hot spot; more connections than this only wait for each other there. */
const POOL_MAX = 10
const CONNECT_TIMEOUT_MS = 10_000
/** A transaction waits this long for a connection, and runs this long, before it is given up. */
const TRANSACTION_WAIT_MS = 10_000
const TRANSACTION_TIMEOUT_MS = 20_000
/**
 * What a server is told to bound for each connection. The embedded database has one session, which has no locks to wait
 * for, and keeps no such bounds: there what waits for a connection's transaction waits no longer than that may run.
 */
const SERVER_BOUNDS = {
  /** A statement waits this long for a row that somebody else has locked, and then fails; ours hold theirs for milliseconds. */
  lock_timeout: 5_000,
  /** In milliseconds too; shorter than `TRANSACTION_TIMEOUT_MS`, so that the server says so and the connection can be used again. */
  statement_timeout: 15_000,
  /** A process that is paused or cut off within a transaction loses it, with all its locks, after so many milliseconds. */
  idle_in_transaction_session_timeout: 15_000,
} as const

/**
 * Our statements find few rows by indexes. Where one is thought to find many, a server would compile it for seconds, to save
 * milliseconds.
 */
const WITHOUT_JIT = '-c jit=off'

export interface Database {
  readonly prisma: PrismaClient
  /** The connections that Prisma uses too. */
  readonly pool: pg.Pool
  /** For pg-boss, which keeps its own pool on the same database. */
  readonly connectionString: string
  readonly kind: 'embedded' | 'server'
  /** Ends every connection, then the embedded database and its lock. Safe to call twice. */
  close(): Promise<void>
}

type Migrates = boolean | 'when-empty'

export interface DatabaseOptions {
  /** A PostgreSQL server (`DATABASE_URL`); without it the database is embedded. */
  readonly url?: string | undefined
  /** The embedded database's folder, `memory`, or what one in memory begins with, as PGlite dumps it. */
  readonly dataDir?: string | Blob | undefined
  /** The connection string of an embedded database that another process serves. */
  readonly servedAt?: string
  /**
   * False: it is opened only where no migration is missing. Whoever is not the App must not move its database on under it.
   * `when-empty`: nor where it holds rows.
   */
  readonly migrates?: Migrates
}

/**
 * Opens the database and applies the migrations that it lacks, unless told otherwise. Throws `DatabaseLocked` when another
 * process holds the embedded database, `DataDirUnusable` when its folder can't hold one, and `MigrationProblem` when its
 * migrations and this version's disagree.
 */
export async function openDatabase({
  url,
  dataDir = DATA_DIR_DEFAULT,
  servedAt,
  migrates = true,
}: DatabaseOptions = {}): Promise<Database> {
  if (servedAt !== undefined) return connect('embedded', servedAt, false, async () => {})
  if (url !== undefined && url !== '') return connect('server', url, migrates, async () => {})
  const embedded =
    dataDir instanceof Blob
      ? await startEmbedded(undefined, dataDir)
      : await startEmbedded(dataDir === IN_MEMORY ? undefined : dataDir)
  return connect('embedded', embedded.connectionString, migrates, () => embedded.stop())
}

async function connect(
  kind: Database['kind'],
  connectionString: string,
  migrates: Migrates,
  stopServer: () => Promise<void>,
): Promise<Database> {
  try {
    const bring = migrates === 'when-empty' ? migrateEmpty : migrates ? migrate : expectMigrated
    await bring(connectionString, await readMigrations())
  } catch (error) {
    await stopServer()
    throw error
  }
  const pool = new pg.Pool({
    connectionString,
    max: POOL_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: TRANSACTION_TIMEOUT_MS,
    // A server is sent a statement before it has answered the one before.
    ...(kind === 'server' ? { ...SERVER_BOUNDS, pipeline: true, options: WITHOUT_JIT } : {}),
  })
  // A connection that breaks while nobody uses it is replaced when the next is asked for.
  pool.on('error', () => {})
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool),
    transactionOptions: { maxWait: TRANSACTION_WAIT_MS, timeout: TRANSACTION_TIMEOUT_MS },
  })
  let closing: Promise<void> | undefined
  return {
    prisma,
    pool,
    connectionString,
    kind,
    close() {
      closing ??= prisma
        .$disconnect()
        .then(() => pool.end())
        .then(stopServer)
      return closing
    },
  }
}
