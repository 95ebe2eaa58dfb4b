import type { Command } from 'commander'

export interface CheckOptions {
  readonly json: boolean
  readonly organisation?: string
}

export function register(program: Command): void {
  program
    .command('check')
    .description('name every problem in what a repository declares, as file:line:column')
    .argument('[dir]', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  $ purser check ../my-repository')
    .action(async (dir: string, options: CheckOptions) => {
      const { check } = await import('../check.ts')
      process.exitCode = check(dir, options)
    })
}
