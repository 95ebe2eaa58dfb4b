/**
 * Prisma's schema engine as WebAssembly, which needs no native binary: it says in SQL what `prisma/migrations` lacks
 * of `prisma/schema.prisma`. For authoring migrations, and for the test that both agree.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import { SchemaEngine } from '@prisma/schema-engine-wasm'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { MIGRATIONS_DIR, type Migration } from '../app/database/migrate.ts'

export const SCHEMA_FILE = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url))

// The engine reports a panic through this global before it gives up.
Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => console.error(message) } })

/**
 * The SQL that brings a database with these migrations to the schema; undefined when it is there already. `begin` is any database as
 * PGlite dumps it, whose tables are dropped: to make one takes seconds.
 */
export async function missingSql(migrations: readonly Migration[], begin?: Blob): Promise<string | undefined> {
  const scratch = await PGlite.create(begin === undefined ? {} : { loadDataDir: begin })
  await scratch.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  // The diff replays the migrations on a "shadow" database, which is all that it connects to.
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: 'postgres',
    adapterName: 'pglite',
    connect: () => new PrismaPGlite(scratch).connect(),
    connectToShadowDb: () => new PrismaPGlite(scratch).connect(),
  }
  try {
    const engine = await SchemaEngine.new(
      { datamodels: undefined },
      () => {},
      bindMigrationAwareSqlAdapterFactory(factory),
    )
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'migrations', ...(await migrationList(migrations)) },
      to: {
        tag: 'schemaDatamodel',
        files: [{ path: SCHEMA_FILE, content: await readFile(SCHEMA_FILE, 'utf8') }],
      },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    })
    return exitCode === 0 ? undefined : (stdout ?? '')
  } finally {
    await scratch.close()
  }
}

async function migrationList(migrations: readonly Migration[]) {
  const lockfile = 'migration_lock.toml'
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: { path: lockfile, content: await readFile(join(MIGRATIONS_DIR, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  }
}
