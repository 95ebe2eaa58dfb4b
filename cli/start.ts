/** `purser start`: the App, until SIGINT or SIGTERM tells it to stop. */
import { DatabaseLocked } from '../app/database/lock.ts'
import { formatSettingProblem, readSettings } from '../app/settings.ts'
import { type StartedApp, startApp } from '../app/start.ts'
import type { StartOptions } from './commands/start.ts'
import { type ExitCode, exitCodes, printJson } from './exit.ts'

export async function start({ json }: StartOptions): Promise<ExitCode> {
  const settings = readSettings(process.env)
  if ('problems' in settings) {
    if (json) printJson({ ok: false, problems: settings.problems })
    else for (const problem of settings.problems) process.stderr.write(`${formatSettingProblem(problem)}\n`)
    return exitCodes.refused
  }
  const { options } = settings
  try {
    // With `--json` standard output belongs to the document.
    const app = await startApp(json ? { ...options, log: { ...options.log, destination: process.stderr } } : options)
    if (json) printJson({ ok: true, url: app.url, database: app.database.kind })
    await untilStopped(app)
    return exitCodes.done
  } catch (error) {
    if (!isOperators(error)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.refused
  }
}

/** A second signal does not wait: the process ends as the system ends it. */
async function untilStopped(app: StartedApp): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  await app.close()
}

/** What only whoever started it can mend: another process has the folder or the port, or there is no such database. */
function isOperators(error: unknown): error is Error {
  if (error instanceof DatabaseLocked) return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EADDRINUSE' || code === 'EACCES' || code === 'ECONNREFUSED' || code === 'ENOTFOUND'
}
