/** A start that failed by what its operator set: another process has the port or the folder, or there is no such database. */
import type { AppOptions } from '../app/options.ts'
import type { SettingProblem } from '../app/settings.ts'
import { HOST_DEFAULT } from '../app/start.ts'
import { codeOf, databaseProblem } from './database-problem.ts'

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

function isOfName(error: unknown, name: string | undefined): boolean {
  return error instanceof Error && 'hostname' in error && error.hostname === name
}

function isOfListening(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen'
}
