/**
 * One process at a time may open an embedded database: two writers silently lose each other's rows. The lock is a
 * SQLite transaction on a file beside the folder, since the kernel frees it however the process ends
 * (docs/decisions/embedded-lock.md).
 */
import { DatabaseSync } from 'node:sqlite'

/** Another process holds the embedded database. The message names the ways out. */
export class DatabaseLocked extends Error {
  override readonly name = 'DatabaseLocked'
}

/** Takes the lock of the embedded database in `dataDir`; the answer releases it. Throws `DatabaseLocked`, at once. */
export function lockDataDir(dataDir: string): () => void {
  const unlock = lockFile(`${dataDir}.lock`)
  if (unlock !== undefined) return unlock
  throw new DatabaseLocked(
    `the embedded database in ${dataDir} is in use by another process; expected to be its only user. ` +
      'Stop the other one (a `purser start` or a demo), name another folder, ' +
      'or set DATABASE_URL to a PostgreSQL server, which any number of processes share',
  )
}

/** Answers how to release it, or undefined while somebody else has it. */
export function lockFile(path: string): (() => void) | undefined {
  const file = new DatabaseSync(path, { timeout: 0 })
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if (isBusy(error)) return undefined
    throw error
  }
  return () => file.close()
}

const SQLITE_BUSY = 5

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
