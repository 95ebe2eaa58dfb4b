/** `purser start`: the App, until SIGINT, SIGTERM or SIGHUP tells it to stop. */
import { formatSettingProblem, readSettings, type SettingProblem } from '../app/settings.ts'
import { type StartedApp, startApp } from '../app/start.ts'
import type { StartOptions } from './commands/start.ts'
import { type ExitCode, exitCodes, printJson } from './exit.ts'
import { startProblem } from './start-problem.ts'

export async function start({ json }: StartOptions): Promise<ExitCode> {
  const settings = readSettings(process.env)
  if ('problems' in settings) return endWith(settings.problems, json)
  const { options } = settings
  try {
    // With `--json` standard output belongs to the document.
    const app = await startApp(json ? { ...options, log: { ...options.log, destination: process.stderr } } : options)
    if (json) printJson({ ok: true, url: app.url, database: app.database.kind })
    await untilStopped(app)
    return exitCodes.done
  } catch (error) {
    const problem = startProblem(error, options)
    if (!problem) throw error
    return endWith([problem], json)
  }
}

function endWith(problems: readonly SettingProblem[], json: boolean): ExitCode {
  if (json) printJson({ ok: false, problems })
  else for (const problem of problems) process.stderr.write(`${formatSettingProblem(problem)}\n`)
  return exitCodes.refused
}

/** A second signal does not wait: the process ends as the system ends it. */
async function untilStopped(app: StartedApp): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
    // By a terminal that is closed; whoever starts this on an older Node hands on one more.
    process.on('SIGHUP', () => resolve())
  })
  await app.close()
}
