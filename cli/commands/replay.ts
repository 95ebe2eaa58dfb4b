import type { Command } from 'commander'

export interface ReplayOptions {
  readonly dir: string
  readonly session?: string
  readonly organisation?: string
  /** False with `--no-sandbox`. */
  readonly sandbox: boolean
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('replay')
    .description('play a recorded run again at no cost, and show where the present workflow departs from it')
    .argument('[recording]', 'the log of a run (events.jsonl), its folder, or the id of a session of `purser run`')
    .option('--dir <dir>', 'the repository, with the commit that the run worked on', '.')
    .option('--session <id>', 'the id that the App has for a session or one of its runs, in place of a recording')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--no-sandbox', 'let commands run unconfined on this machine')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
The model’s recorded answers are given to the workflow, the prompts and the tools as they are now, in a scratch checkout of
the commit that the run worked on. Commands and tools really run; no model is called. Where a request differs from the
recorded one the replay ends and shows how. Days, times and durations in what commands print are not compared.

Of a session the newest run is played that did not go on from a checkpoint. The App keeps the logs of 30 days, in the ledger of
DATABASE_URL, else in the folder PURSER_DATA (.purser/data), whose App has to be stopped meanwhile.

Exit codes: 0 when every request is the same and the run ends the same, 1 when it departs, 2 for wrong usage.

Examples:
  $ purser replay 1a2b3c4d
  $ PURSER_DATA=.purser/demo/ledger purser replay --session 7d2f0c1e-5b0c-4b6f-9a53-0f6f1f1f2b1a --dir ../my-repository`,
    )
    .action(async (recording: string | undefined, options: ReplayOptions) => {
      const { replay } = await import('../replay/replay.ts')
      process.exitCode = await replay(recording, options)
    })
}
