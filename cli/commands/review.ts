import type { Command } from 'commander'

export interface ReviewOptions {
  readonly dir: string
  readonly organisation?: string
  readonly repository?: string
  readonly period?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('review')
    .description('the periodic report on portfolios: what they are for, what they cost, and what came of it')
    .option('--dir <dir>', 'the repository whose portfolios are meant', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--repository <owner/name>', 'whose books, where the ledger keeps those of several repositories')
    .option(
      '--period <day>',
      'the period that this month or day lies in, as in 2026-10 or 2026-10-12; left out, the one under way',
    )
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
A period is a month, or a week where \`review: { per: week }\` of portfolios.yml says so; with \`review\` the App also opens an
issue after each. What is declared is read from --dir, the books from the ledger: the one of DATABASE_URL, else in the folder
PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.

Examples:
  $ purser review
  $ PURSER_DATA=.purser/demo/ledger purser review --dir demo/shop --period 2026-01`,
    )
    .action(async (options: ReviewOptions) => {
      const { review } = await import('../evidence/review.ts')
      process.exitCode = await review(options)
    })
}
