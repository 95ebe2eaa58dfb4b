import type { Command } from 'commander'

export interface QuoteOptions {
  readonly dir: string
  readonly organisation?: string
  readonly cap?: string
  readonly model?: string
  readonly effort?: string
  readonly subject?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('quote')
    .description('show what a run would cost, before it runs')
    .argument('<workflow>', 'a workflow or a variant, as in refactor+tests/tests-first')
    .argument('[input=value...]', 'the workflow’s inputs')
    .option('--dir <dir>', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--cap <cap>', 'another cap, as a multiple (2x) or in US dollars (1.00)')
    .option('--model <name>', 'another model, if the portfolio allows it')
    .option('--effort <effort>', 'minimal, low, medium or high')
    .option('--subject <subject>', 'show which side of a trial it is assigned to, as pull-request:12 or issue:7')
    .option('--json', 'print one JSON document; amounts are strings of micro-USD', false)
    .addHelpText('after', '\nExample:\n  $ purser quote refactor+tests goal="Simplify the parser"')
    .action(async (target: string, pairs: string[], options: QuoteOptions) => {
      const { quote } = await import('../quote.ts')
      process.exitCode = quote(target, pairs, options)
    })
}
