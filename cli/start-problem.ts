/** A start that failed by what its operator set: another process has the port or the folder, or there is no such database. */
import { DataDirUnusable } from '../app/database/embedded.ts'
import { DatabaseLocked } from '../app/database/lock.ts'
import type { AppOptions } from '../app/options.ts'
import type { SettingProblem } from '../app/settings.ts'
import { HOST_DEFAULT } from '../app/start.ts'

/** `undefined` for everything that is no setting's fault. */
export function startProblem(
  error: unknown,
  { port, host, dataDir, databaseUrl }: AppOptions,
): SettingProblem | undefined {
  const at = `${port} on ${host ?? HOST_DEFAULT}`
  const noAddress = {
    variable: 'HOST',
    wrong: `${host} is no address of this machine`,
    expected: 'one of its own, or 0.0.0.0 for all of them',
    example: `HOST=${HOST_DEFAULT}`,
  }
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return {
        variable: 'PORT',
        wrong: `${at} is taken by another process`,
        expected: 'a free port',
        example: `PORT=${port === 3001 ? 3002 : 3001}`,
      }
    case 'EACCES':
      if (!isOfListening(error)) return undefined
      return {
        variable: 'PORT',
        wrong: `${at} may not be opened by this user`,
        expected: 'a port from 1024 up, or a proxy in front of one',
        example: 'PORT=3000',
      }
    case 'EADDRNOTAVAIL':
      return noAddress
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      // The database's server may be what is not known by its name, too.
      if (isOfName(error, host)) return noAddress
  }
  return databaseProblem(error, { dataDir, databaseUrl })
}

/** A database that can't be opened by what its operator set; `undefined` for everything else. */
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

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function isOfName(error: unknown, name: string | undefined): boolean {
  return error instanceof Error && 'hostname' in error && error.hostname === name
}

function isOfListening(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen'
}
