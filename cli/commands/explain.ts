import type { Command } from 'commander'

export interface ExplainOptions {
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('explain')
    .argument('<session>', 'the session, as its comment and `/agent status` name it')
    .description('why the work of a session is called what it is: the facts, the rules that were tried, and the result')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
Each outcome is decided once more from the facts and the rules that the ledger keeps, without GitHub and without a model.
The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.

Exit codes: 0 when every outcome agrees; 1 when one does not, or there is no such session; 2 for wrong usage.

Example:
  $ PURSER_DATA=.purser/demo/ledger purser explain SESSION`,
    )
    .action(async (session: string, options: ExplainOptions) => {
      const { explain } = await import('../evidence/explain.ts')
      process.exitCode = await explain(session, options)
    })
}
