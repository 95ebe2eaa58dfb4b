import type { Command } from 'commander'
import { nearest } from '../../core/nearest.ts'

/** The library's own shows the whole help for a command that is not there, and does not say so. */
export function register(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('display help for command')
    .argument('[command...]')
    .action((names: readonly string[]) => {
      let found: Command = program
      for (const name of names) {
        const inner = found.commands.find((one) => one.name() === name)
        if (inner === undefined) {
          const near = nearest(
            name,
            found.commands.map((one) => one.name()),
          )
          found.error(`error: unknown command '${name}'${near === undefined ? '' : `\n(Did you mean ${near}?)`}`)
        }
        found = inner
      }
      found.help()
    })
}
