/**
 * Applies `prisma/migrations` and keeps `_prisma_migrations` as Prisma's own CLI does, so that either may be used on the
 * same database, in any order. The CLI itself is no part of the App.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { carriedTables, leftBehind } from './carry/tables.ts'

/** The database and this version of Purser disagree about the migrations. Nothing was changed. */
export class MigrationProblem extends Error {
  override readonly name = 'MigrationProblem'
}

export interface Migration {
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, in hex, as Prisma computes it. */
  readonly checksum: string
}

export const MIGRATIONS_DIR = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))

/** The advisory lock that Prisma Migrate takes too. */
const LOCK_KEY = 72_707_369
/** How long to wait for another process that is migrating. */
const LOCK_TIMEOUT_MS = 60_000

/** As Prisma Migrate creates it. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/** The migrations of a folder, in the order in which they are applied. */
export async function readMigrations(directory: string = MIGRATIONS_DIR): Promise<readonly Migration[]> {
  const folders = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const names = folders.map((folder) => folder.name).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** Applies what is missing, each migration in a transaction of its own; answers the names applied. Throws `MigrationProblem`. */
export async function migrate(connectionString: string, migrations: readonly Migration[]): Promise<readonly string[]> {
  return connected(connectionString, { lock_timeout: LOCK_TIMEOUT_MS }, async (client) => {
    const applied: string[] = []
    for (;;) {
      const name = await applyNext(client, migrations)
      if (name === undefined) return applied
      applied.push(name)
    }
  })
}

async function connected<Result>(
  connectionString: string,
  options: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString, ...options })
  // Whoever waits for an answer is told; as an event that nobody hears it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Whether any migration was ever applied there; changes nothing. */
export async function isMigrated(connectionString: string): Promise<boolean> {
  return connected(connectionString, {}, hasMigrations)
}

/** Throws `MigrationProblem` where any migration is missing, too; changes nothing. */
export async function expectMigrated(connectionString: string, migrations: readonly Migration[]): Promise<void> {
  await connected(connectionString, {}, async (client) => {
    const applied = (await hasMigrations(client)) ? await appliedMigrations(client) : []
    const [next, ...others] = missingOf(migrations, applied)
    if (next === undefined) return
    const more = others.length === 0 ? '' : ` and ${others.length} after it`
    throw new MigrationProblem(
      `the ledger lacks the migration ${next.name}${more}; expected one that this version’s App has used. ` +
        'Start that App on it once, or use the version of Purser that its App has',
    )
  })
}

/** As `migrate` where the database holds no rows of a ledger; elsewhere as `expectMigrated`. */
export async function migrateEmpty(connectionString: string, migrations: readonly Migration[]): Promise<void> {
  await ((await connected(connectionString, {}, isEmpty)) ? migrate : expectMigrated)(connectionString, migrations)
}

/** Every table that a row of a ledger, or of what its App has yet to handle, may be in. */
const FILLED_TABLES = [...carriedTables, ...Object.keys(leftBehind)].filter((table) => table !== '_prisma_migrations')

/** Whoever was interrupted while they made the database leaves some of its tables, or none. */
async function isEmpty(client: pg.Client): Promise<boolean> {
  // Tables of that name in a database that was never migrated are somebody else's, and in the way of the first migration.
  if (!(await hasMigrations(client))) return true
  for (const table of FILLED_TABLES) {
    const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS found', [table])
    if (rows[0]?.found !== true) continue
    const { rowCount } = await client.query(`SELECT FROM "${table}" LIMIT 1`)
    if (rowCount !== 0) return false
  }
  return true
}

async function hasMigrations(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found")
  return rows[0]?.found === true
}

/** Applies the first migration that is missing, looked up under the lock; answers its name. */
async function applyNext(client: pg.Client, migrations: readonly Migration[]): Promise<string | undefined> {
  await client.query('BEGIN')
  try {
    // Held until the transaction ends, and in the way of Prisma's own, which takes it for its session.
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY])
    await client.query(MIGRATIONS_TABLE)
    const [next] = missingOf(migrations, await appliedMigrations(client))
    if (next !== undefined) await apply(client, next)
    await client.query('COMMIT')
    return next?.name
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

interface AppliedRow {
  readonly migration_name: string
  readonly checksum: string
  readonly finished: boolean
}

async function appliedMigrations(client: pg.Client): Promise<readonly AppliedRow[]> {
  const { rows } = await client.query<AppliedRow>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  )
  return rows
}

/** What of `migrations` is not applied yet; throws where the two histories can't be reconciled. */
function missingOf(migrations: readonly Migration[], applied: readonly AppliedRow[]): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { migration_name: name, checksum, finished } of applied) {
    const migration = known.get(name)
    if (!finished) {
      throw new MigrationProblem(
        `the migration ${name} began and did not finish; expected it finished or marked as rolled back. ` +
          `Look at what it left, mend it, and mark it with \`prisma migrate resolve --rolled-back ${name}\``,
      )
    }
    if (migration === undefined) {
      throw new MigrationProblem(
        `the database has the migration ${name}, which this version of Purser does not know; ` +
          'expected a version at least as new as the one that used the database last. Update Purser',
      )
    }
    if (migration.checksum !== checksum) {
      throw new MigrationProblem(
        `the migration ${name} was changed after it had been applied; expected the file as it was. ` +
          'Restore it, and put the change into a migration of its own',
      )
    }
  }
  const done = new Set(applied.map((row) => row.migration_name))
  return migrations.filter((migration) => !done.has(migration.name))
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query(migration.sql)
  } catch (error) {
    throw new Error(`the migration ${migration.name} could not be applied; nothing of it was kept`, { cause: error })
  }
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, clock_timestamp(), 1)`,
    [randomUUID(), migration.checksum, migration.name],
  )
}
