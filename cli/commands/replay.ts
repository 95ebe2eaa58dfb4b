import type { Command } from 'commander'

export interface ReplayOptions {
  readonly dir: string
  readonly organisation?: string
  /** False with `--no-sandbox`. */
  readonly sandbox: boolean
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('replay')
    .description('play a recorded run again at no cost, and show where the present workflow departs from it')
    .argument('<recording>', 'the log of a run (events.jsonl), its folder, or the id of a session of `purser run`')
    .option('--dir <dir>', 'the repository, with the commit that the run worked on', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--no-sandbox', 'let commands run unconfined on this machine')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The model’s recorded answers are given to the workflow, the prompts and the tools as they are now, in a scratch checkout of
the commit that the run worked on. Commands and tools really run; no model is called. Where a request differs from the
recorded one the replay ends and shows how. Days, times and durations in what commands print are not compared.

Exit codes: 0 when every request is the same and the run ends the same, 1 when it departs, 2 for wrong usage.

Example:
  $ purser replay 1a2b3c4d`,
    )
    .action(async (recording: string, options: ReplayOptions) => {
      const { replay } = await import('../replay.ts')
      process.exitCode = await replay(recording, options)
    })
}
