/**
 * `node scripts/migration.ts NAME`: writes the migration that brings the database to `prisma/schema.prisma`. Read it, and
 * complete it by hand with the checks and triggers that Prisma's language can't say, before it is applied anywhere.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MIGRATIONS_DIR, readMigrations } from '../app/database/migrate.ts'
import { missingSql } from './schema-engine.ts'

const [name] = process.argv.slice(2)
if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error(
    'no name for the migration; expected lower-case words; for example: node scripts/migration.ts add_pauses',
  )
  process.exitCode = 2
} else {
  const sql = await missingSql(await readMigrations())
  if (sql === undefined) {
    console.log('The migrations agree with prisma/schema.prisma; there is nothing to write.')
  } else {
    const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
    const folder = join(MIGRATIONS_DIR, `${stamp}_${name}`)
    await mkdir(folder)
    await writeFile(join(folder, 'migration.sql'), sql)
    console.log(`Wrote ${folder}/migration.sql; complete it with checks and triggers, then run the tests.`)
  }
}
