import type { Command } from 'commander'

export interface AuditOptions {
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('audit')
    .description(
      'recompute the accounts and ceilings of the App’s ledger from its rows, and name those that were edited',
    )
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.
Nothing is changed.

Example:
  $ PURSER_DATA=.purser/demo/ledger purser audit`,
    )
    .action(async (options: AuditOptions) => {
      const { audit } = await import('../ledger/audit.ts')
      process.exitCode = await audit(options)
    })
}
