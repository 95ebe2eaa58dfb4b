import type { Command } from 'commander'

export interface ExportOptions {
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('export')
    .description('write the whole App’s ledger as lines of JSON, to back it up or to move it')
    .argument('[file]', 'where to; - or nothing is standard output', '-')
    .option('--json', 'print one JSON document about what was written; takes a file', false)
    .addHelpText(
      'after',
      `
The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.
Received webhooks are left out, since they name people.

Example:
  $ purser export ledger.jsonl`,
    )
    .action(async (file: string, options: ExportOptions) => {
      const { exportTo } = await import('../ledger/export.ts')
      process.exitCode = await exportTo(file, options)
    })
}
