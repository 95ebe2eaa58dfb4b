/**
 * `purser run`: a workflow on a local checkout under its cap, with no App. To be filled: read the request
 * (`readRequest`), the configuration (`readCheckout`, `declaredConfiguration`), resolve it for
 * `subject: { kind: 'local', repository: basename(root), headSha }`, run the plan as a job does, keep the report by
 * `keepRun(root, ...)`, and answer the exit code. Progress goes to standard error; with `--json` the report alone goes to
 * standard output through `printJson`.
 */
import type { RunOptions } from './commands/run.ts'
import { type ExitCode, exitCodes } from './exit.ts'

export async function run(_target: string, _pairs: readonly string[], _options: RunOptions): Promise<ExitCode> {
  process.stderr.write('purser run is not there yet.\n')
  return exitCodes.refused
}
