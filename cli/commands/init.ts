import type { Command } from 'commander'
import { endWrongUsage } from '../exit.ts'
import { folderOf } from '../folder-argument.ts'

export interface InitOptions {
  readonly dir?: string
  readonly action?: string
  readonly force: boolean
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('init')
    .description('write a start: .github/purser/ and the Actions workflow that carries out runs')
    .argument('[dir]', 'the repository; this folder when left out')
    .option('--dir <dir>', 'the same, as other commands take it')
    .option('--action <owner/repo@ref>', 'where the Action lies; by default where this Purser was cloned from')
    .option('--force', 'write over what is there', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  $ purser init ../my-repository')
    .action(async (argument: string | undefined, options: InitOptions) => {
      const { init } = await import('../write/init.ts')
      const dir = folderOf(argument, options.dir)
      process.exitCode = typeof dir === 'string' ? init(dir, options) : endWrongUsage(dir.usage, options.json)
    })
}
