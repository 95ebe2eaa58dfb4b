import type { Command } from 'commander'

export interface ListOptions {
  readonly dir: string
  readonly organisation?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('list')
    .description('show the workflows on offer: what they do, what pays for them, their caps and inputs')
    .option('--dir <dir>', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  $ purser list --dir ../my-repository')
    .action(async (options: ListOptions) => {
      const { list } = await import('../list.ts')
      process.exitCode = list(options)
    })
}
