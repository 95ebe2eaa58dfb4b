import type { Command } from 'commander'

export interface ImportOptions {
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('import')
    .description('read what `purser export` wrote into an empty ledger: all of it, with its sums compared, or nothing')
    .argument('<file>', 'what to read; - is standard input')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.
Where there is none, it is created.

Example:
  $ DATABASE_URL=postgresql://purser:secret@localhost:5432/purser purser import ledger.jsonl`,
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importFrom } = await import('../ledger/import.ts')
      process.exitCode = await importFrom(file, options)
    })
}
