/** The command line: registers the commands and turns whatever ends one into an exit code. */
import { Command, CommanderError } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { register as audit } from './commands/audit.ts'
import { register as check } from './commands/check.ts'
import { register as demo } from './commands/demo.ts'
import { register as eject } from './commands/eject.ts'
import { register as evidence } from './commands/evidence.ts'
import { register as explain } from './commands/explain.ts'
import { register as exportLedger } from './commands/export.ts'
import { register as help } from './commands/help.ts'
import { register as importLedger } from './commands/import.ts'
import { register as init } from './commands/init.ts'
import { register as list } from './commands/list.ts'
import { register as newOne } from './commands/new.ts'
import { register as parse } from './commands/parse.ts'
import { register as quote } from './commands/quote.ts'
import { register as replay } from './commands/replay.ts'
import { register as review } from './commands/review.ts'
import { register as run } from './commands/run.ts'
import { register as start } from './commands/start.ts'
import { register as thaw } from './commands/thaw.ts'
import { endUnexpected, endWrongUsage, exitCodes } from './exit.ts'

/** Carries out what `argv` asks for, as `process.argv` has it; sets the exit code. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json')
  const program = new Command('purser')
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride()
    // With `--json` what is wrong is the document, below.
    .configureOutput(json ? { writeErr: () => {} } : {})
    .showHelpAfterError('(add --help for an example)')
    .addHelpText(
      'after',
      `
Exit codes: ${exitCodes.done} done, ${exitCodes.refused} refused or problems found, ${exitCodes.usage} wrong usage.

Example:
  $ purser init ../my-repository`,
    )
  for (const register of [
    init,
    check,
    list,
    newOne,
    eject,
    quote,
    parse,
    run,
    replay,
    evidence,
    review,
    explain,
    start,
    thaw,
    audit,
    exportLedger,
    importLedger,
    demo,
    help,
  ])
    register(program)

  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      const isMissing = error.code === 'commander.help'
      const usage = isMissing ? missingCommand(program, argv) : error.message.replace(/^error: /, '')
      if (error.exitCode === 0) process.exitCode = exitCodes.done
      else process.exitCode = json ? endWrongUsage(usage, json) : exitCodes.usage
    } else process.exitCode = endUnexpected(error, json)
  }
}

/** Where the help is shown instead, it says the same. */
function missingCommand(program: Command, argv: readonly string[]): string {
  const given = program.commands.find((one) => one.name() === argv[2]) ?? program
  const names = given.commands.map((one) => one.name()).join(', ')
  return `a command is missing after ${given.name()}; expected one of ${names}; for example ${given.name()} ${given.commands[0]?.name()}`
}
