/** A database that can't be opened: another process has the folder, it can hold none, or there is no such server. */
import { DataDirUnusable } from '../app/database/embedded.ts'
import { DatabaseLocked } from '../app/database/lock.ts'
import type { AppOptions } from '../app/options.ts'
import type { SettingProblem } from '../app/settings.ts'

/** `undefined` for everything that is not due to what its operator set. */
export function databaseProblem(
  error: unknown,
  { dataDir, databaseUrl }: Pick<AppOptions, 'dataDir' | 'databaseUrl'>,
): SettingProblem | undefined {
  if (error instanceof DatabaseLocked) {
    return {
      variable: 'PURSER_DATA',
      wrong: `the embedded database in ${dataDir} is in use by another process`,
      expected: 'to be its only user: stop the other one (a `purser start` or a demo), or name another folder',
      example: 'PURSER_DATA=./other-data',
    }
  }
  if (error instanceof DataDirUnusable) {
    return {
      variable: 'PURSER_DATA',
      wrong: `${dataDir} ${error.problem}`,
      expected: 'a folder of its own that this user may write, in one where it may make the lock beside it',
      example: 'PURSER_DATA=./other-data',
    }
  }
  return databaseUrl === undefined ? undefined : serverProblem(error, databaseUrl)
}

function serverProblem(error: unknown, databaseUrl: string): SettingProblem | undefined {
  const wrong = DATABASE_WRONG[codeOf(error) ?? '']
  if (wrong === undefined) return undefined
  return {
    variable: 'DATABASE_URL',
    // The address may hold a password, so only its server is shown.
    wrong: `the PostgreSQL server at ${serverOf(databaseUrl)} ${wrong}`,
    expected: 'a running server with the database and the user that the address names',
    example: 'DATABASE_URL=postgresql://purser:secret@localhost:5432/purser',
  }
}

/** For people: where the server is, without the password. */
export function serverOf(databaseUrl: string): string {
  return URL.canParse(databaseUrl) ? new URL(databaseUrl).host : 'that address'
}

/** By the code of the system or of PostgreSQL. */
const DATABASE_WRONG: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection',
  ENOTFOUND: 'is not known by that name',
  EAI_AGAIN: 'could not be looked up',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'can’t be reached',
  ENETUNREACH: 'can’t be reached',
  '28P01': 'refuses the user or the password',
  '28000': 'refuses the user',
  '3D000': 'has no such database',
}

/** The system's code, or PostgreSQL's. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
