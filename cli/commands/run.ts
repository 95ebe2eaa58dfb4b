import type { Command } from 'commander'

export interface RunOptions {
  readonly dir: string
  readonly organisation?: string
  readonly base?: string
  readonly issue?: string
  readonly log?: string
  readonly resume?: string
  readonly cap?: string
  readonly model?: string
  readonly effort?: string
  /** False with `--no-sandbox`. */
  readonly sandbox: boolean
  readonly dryRun: boolean
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('run')
    .description('run a workflow on the commit that is checked out, under its cap, without an App')
    .argument('[workflow]', 'a workflow or a variant, as in refactor+tests/tests-first')
    .argument('[input=value...]', 'the workflow’s inputs')
    .option('--dir <dir>', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--base <rev>', 'what to compare with; else where this left the default branch, or the commit before')
    .option('--issue <file>', 'what an issue says, for a workflow that reads it: a file, or - for standard input')
    .option('--log <file>', 'what a failed CI job printed, for a workflow that reads it: a file, or -')
    .option(
      '--resume <session>',
      'go on with a session that was paused, capped or lost: its id, or a checkpoint’s file',
    )
    .option('--cap <cap>', 'another cap, as a multiple (2x) or in US dollars (1.00)')
    .option('--model <name>', 'another model, if the portfolio allows it')
    .option('--effort <effort>', 'minimal, low, medium or high')
    .option('--no-sandbox', 'let commands run unconfined on this machine')
    .option('--dry-run', 'show the plan, the prompts and the price, spend nothing', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The model key is taken from OPENAI_API_KEY, another provider’s address from OPENAI_BASE_URL.

Ctrl-C lets the run rest as soon as the model call that is under way is answered, and says how to go on; a second Ctrl-C
ends it at once. Its log and its last checkpoint are kept in .purser/sessions.

Exit codes: 0 when the run completed and its work, if any, is in the working tree; 1 when it was refused, withheld, capped
or failed, or its work could not be applied; 2 for wrong usage; 130 when Ctrl-C paused or ended it.

Examples:
  $ purser run refactor+tests goal="Simplify the parser"
  $ gh issue view 12 --comments | purser run incident-triage --base v1.41.0 --issue -
  $ gh run view --log-failed | purser run fix-ci test="npm run lint" --log -
  $ purser run --resume 1a2b3c4d --cap 2x`,
    )
    .action(async (target: string | undefined, pairs: string[], options: RunOptions) => {
      const { run } = await import('../run/run.ts')
      process.exitCode = await run(target, pairs, options)
    })
}
