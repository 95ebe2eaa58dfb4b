import { type Command, InvalidArgumentError } from 'commander'

export interface ThawOptions {
  readonly json: boolean
  readonly reason?: string
  readonly repository?: string
}

export function register(program: Command): void {
  program
    .command('thaw')
    .description('show the frozen accounts of the App’s ledger, or release one')
    .argument('[account]', 'the portfolio, squad or experiment; left out, the frozen ones are listed')
    .option('--reason <text>', 'why it may be spent from again; it is entered in the ledger', readReason)
    .option('--repository <owner/name>', 'whose account, where several repositories have one of that name')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.

Example:
  $ purser thaw refactoring --reason "The price of gpt-5.2 was wrong and is mended"`,
    )
    .action(async (account: string | undefined, options: ThawOptions) => {
      const { thaw } = await import('../ledger/thaw.ts')
      process.exitCode = await thaw(account, options)
    })
}

/** The ledger keeps it for good, so an option behind a text that was forgotten is not taken for it. */
function readReason(text: string): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('Expected a text; for example "The price is mended".')
  return text
}
