import type { Command } from 'commander'

export interface EjectOptions {
  readonly dir: string
  readonly organisation?: string
  readonly portfolio?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('eject')
    .description('copy a built-in workflow, its prompts, variants and agents into the repository, to be owned there')
    .argument('<workflow>', 'a built-in workflow')
    .option('--dir <dir>', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--portfolio <name>', 'the portfolio that is to pay for it, where none does yet')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  $ purser eject changelog')
    .action(async (name: string, options: EjectOptions) => {
      const { eject } = await import('../write/eject.ts')
      process.exitCode = eject(name, options)
    })
}
