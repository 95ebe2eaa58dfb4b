import type { Command } from 'commander'
import { endWrongUsage } from '../exit.ts'
import { folderOf } from '../folder-argument.ts'

export interface CheckOptions {
  readonly dir?: string
  readonly json: boolean
  readonly organisation?: string
}

export function register(program: Command): void {
  program
    .command('check')
    .description('name every problem in what a repository declares, as file:line:column')
    .argument('[dir]', 'the repository; this folder when left out')
    .option('--dir <dir>', 'the same, as other commands take it')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  $ purser check ../my-repository')
    .action(async (argument: string | undefined, options: CheckOptions) => {
      const { check } = await import('../check.ts')
      const dir = folderOf(argument, options.dir)
      process.exitCode = typeof dir === 'string' ? check(dir, options) : endWrongUsage(dir.usage, options.json)
    })
}
