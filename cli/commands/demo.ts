import { type Command, Option } from 'commander'
import { type StoryName, storyNames } from '../../demo/names.ts'

export interface DemoOptions {
  readonly story?: StoryName
  readonly all: boolean
  readonly once: boolean
  readonly live: boolean
  readonly dir?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('demo')
    .description('play a story on this machine: GitHub, a model, the App, the Action, a small repository')
    .addOption(
      new Option(
        '--story <name>',
        'month, with real jobs, is told where none is named; quarter is about trials',
      ).choices(storyNames),
    )
    .option('--all', 'tell both, one after the other', false)
    .option('--once', 'stop when the story is told instead of leaving everything up until Ctrl-C', false)
    .option('--live', 'use the real model with OPENAI_API_KEY; this costs money', false)
    .option('--dir <dir>', 'keep the ledger, the repository and every text here instead of in .purser/demo')
    .option('--json', 'print one JSON report as the last line, one for each story', false)
    .addHelpText(
      'after',
      `
month: every way in which a run can end, from a comment to a merged commit, and one promotion. The bundled Action carries
the runs out on a scripted model.
quarter: three variants are tried. One is promoted and holds, one is retired, one is promoted and rolled back; an
override that people keep asking for becomes a variant. A stand-in plays the jobs’ part with work that was prepared, so no
model is called; the App, its ledger and every decision are real.

With --all each is kept in a folder of its own name below the other.

Examples:
  $ purser demo --once
  $ purser demo --once --story quarter`,
    )
    .action(async (options: DemoOptions) => {
      const { demo } = await import('../demo.ts')
      process.exitCode = await demo(options)
    })
}
