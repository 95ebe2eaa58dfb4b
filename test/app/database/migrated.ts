/**
 * A migrated database of its own for a test of what the App does with it, whichever kind it is: on the server, which is
 * several times as fast, where the machine has one, and else embedded. `onEachDatabase` holds that both do the same.
 */
import { inject } from 'vitest'
import { inMemory } from './embedded-beginning.ts'
import { freshDatabaseOn } from './server.ts'

export interface MigratedDatabase {
  /** For `startApp`. */
  readonly options: { readonly databaseUrl: string } | { readonly dataDir: Blob }
  drop(): Promise<void>
}

export async function migratedDatabase(): Promise<MigratedDatabase> {
  const url = process.env.PURSER_TEST_DATABASE_URL
  const beginning = inject('serverBeginning')
  if (!url || beginning === undefined) return { options: { dataDir: inMemory() }, drop: async () => {} }
  const database = await freshDatabaseOn(url, { beginning })
  return { options: { databaseUrl: database.url }, drop: () => database.stop() }
}
