/** What `purser` starts: the command that is asked for, until its output is closed. */
import { exitCodes } from './exit.ts'
import { runCommand } from './program.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough, as in `purser list | head`, is no failure.
  if (error.code === 'EPIPE') process.exit(exitCodes.done)
  // A terminal that was closed hangs up too, and what is under way then ends in order.
  if (process.stdout.isTTY) return
  process.stderr.write(`purser: standard output: ${error.message}\n`)
  process.exit(exitCodes.refused)
})
// Nobody hears it, which ends nothing: a run that was paid for goes on.
process.stderr.on('error', () => {})

await runCommand(process.argv)
