import type { Command } from 'commander'

export interface DemoOptions {
  readonly once: boolean
  readonly live: boolean
  readonly dir?: string
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('demo')
    .description('play the whole story on this machine: GitHub, a model, the App, the Action, a small repository')
    .option('--once', 'stop when the story is told instead of leaving everything up until Ctrl-C', false)
    .option('--live', 'use the real model with OPENAI_API_KEY; this costs money', false)
    .option('--dir <dir>', 'keep the ledger, the repository and every text here instead of in .purser/demo')
    .option('--json', 'print one JSON report as the last line', false)
    .addHelpText('after', '\nExample:\n  $ purser demo --once')
    .action(async (options: DemoOptions) => {
      const { demo } = await import('../demo.ts')
      process.exitCode = await demo(options)
    })
}
