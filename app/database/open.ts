/** The one place that opens the database: PGlite in a folder, or a PostgreSQL server. */
import type { PrismaClient } from '../../prisma/client/client.ts'

/** Where the embedded database lies when nothing else is said. */
export const DATA_DIR_DEFAULT = '.purser/data'
/** A data directory that exists only in memory; for tests. */
export const IN_MEMORY = 'memory'

export interface Database {
  readonly prisma: PrismaClient
  /** For pg-boss, which keeps its own pool on the same database. */
  readonly connectionString: string
  readonly kind: 'embedded' | 'server'
  /** Ends every connection, then the embedded database and its lock. Safe to call twice. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** A PostgreSQL server (`DATABASE_URL`); without it the database is embedded. */
  readonly url?: string | undefined
  /** The embedded database's folder, or `memory`. */
  readonly dataDir?: string | undefined
}

/**
 * Opens the database and applies the migrations that it lacks. Throws `DatabaseLocked` when another process holds the
 * embedded database, and `MigrationProblem` when its migrations and this version's disagree.
 */
export async function openDatabase(options: DatabaseOptions = {}): Promise<Database> {
  throw new Error('not written yet')
}
