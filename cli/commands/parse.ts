import type { Command } from 'commander'

export interface ParseOptions {
  readonly dir: string
  readonly jsonl: boolean
  readonly json: boolean
}

export function register(program: Command): void {
  program
    .command('parse')
    .description('say what a comment on standard input would do, without doing it')
    .option('--dir <dir>', 'the repository whose catalog counts; the built-in one where it declares nothing', '.')
    .option('--jsonl', 'take one JSON string a line, answer one JSON object a line', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', `\nExample:\n  $ echo '/agent refactor+tests goal="Simplify the parser"' | purser parse`)
    .action(async (options: ParseOptions) => {
      const { parse } = await import('../parse.ts')
      process.exitCode = await parse(options)
    })
}
