import type { Command } from 'commander'

export interface EvidenceOptions {
  readonly family: string
  readonly records?: string
  readonly promotion?: string
  readonly now?: string
  readonly since: readonly string[]
  readonly repository?: string
  readonly save?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('evidence')
    .description('recompute what the runs of a workflow and its variants come to: promote, sunset, reject or not yet')
    .requiredOption('--family <name>', 'the workflow, as in refactor+tests')
    .option('--records <file>', 'runs, one JSON object a line; - is standard input; left out, the App’s ledger is read')
    .option(
      '--promotion <file>',
      'the rules, with the portfolios.yml beside them; left out, .github/purser/promotion.yml where it is there, else the defaults',
    )
    .option('--now <time>', 'as of when, as in 2026-11-20T12:00:00Z; left out, now')
    .option(
      '--since <variant=time>',
      'when the trial of a variant began anew, since one of its sides was changed; may be repeated',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--repository <owner/name>', 'whose runs of the ledger, where several repositories have that workflow')
    .option('--save <file>', 'write the runs of the ledger there, so that anybody can recompute')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
A run is {run, family, variant, portfolio, squad, subject, endedAt, conclusion, spendMicroUsd, outcome, reverted, assigned};
variant is null or left out for the baseline. Their order says nothing. docs/promotion.md has the rules.

The ledger is the one of DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.

Exit codes: 0 when there is an answer, whatever it is; 1 when the runs or the rules have problems; 2 for wrong usage.

Examples:
  $ purser evidence --family refactor+tests --save runs.jsonl
  $ purser evidence --family refactor+tests --records runs.jsonl --promotion promotion.yml --now 2026-11-20T12:00:00Z`,
    )
    .action(async (options: EvidenceOptions) => {
      const { evidence } = await import('../evidence/evidence.ts')
      process.exitCode = await evidence(options)
    })
}
