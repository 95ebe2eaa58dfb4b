import type { Command } from 'commander'

export interface ListOptions {
  readonly dir: string
  readonly organisation?: string
  readonly ledger: boolean
  readonly repository?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('list')
    .description('show the workflows on offer: what they do, what pays for them, their caps and inputs')
    .option('--dir <dir>', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--ledger', 'read the App’s ledger too, and show what accepted runs have cost lately', false)
    .option('--repository <owner/name>', 'whose runs of the ledger, where it keeps the books of several repositories')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.

Examples:
  $ purser list --dir ../my-repository
  $ PURSER_DATA=.purser/demo/ledger purser list --dir demo/shop --ledger`,
    )
    .action(async (options: ListOptions) => {
      const { list } = await import('../list.ts')
      process.exitCode = await list(options)
    })
}
