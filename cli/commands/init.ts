import type { Command } from 'commander'

export interface InitOptions {
  readonly force: boolean
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('init')
    .description('write a start: .github/purser/ and the Actions workflow that carries out runs')
    .argument('[dir]', 'the repository', '.')
    .option('--force', 'write over what is there', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  $ purser init ../my-repository')
    .action(async (dir: string, options: InitOptions) => {
      const { init } = await import('../init.ts')
      process.exitCode = init(dir, options)
    })
}
