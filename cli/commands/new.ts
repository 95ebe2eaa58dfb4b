import type { Command } from 'commander'

export interface NewOptions {
  readonly dir: string
  readonly organisation?: string
  readonly json: boolean
}

export interface NewWorkflowOptions extends NewOptions {
  readonly portfolio?: string
  readonly agent?: string
}

export interface NewVariantOptions extends NewOptions {
  readonly squad?: string
}

export function register(program: Command): void {
  const command = program
    .command('new')
    // Behind a subcommand it is the subcommand's own.
    .enablePositionalOptions()
    .option('--json', 'print one JSON document')
    .description('write a workflow, a variant or an agent of your own, ready to run and to be changed')
    .addHelpText('after', '\nExample:\n  $ purser new workflow tidy-errors --portfolio refactoring')
  place(command.command('workflow'))
    .description('write a workflow and its prompt, and add it to a portfolio')
    .argument('<name>', 'its name, as people will call it: /agent <name>')
    .option('--portfolio <name>', 'the portfolio that pays for it; may be left out where there is one')
    .option('--agent <name>', 'the agent that does it; engineer when left out')
    .addHelpText('after', '\nExample:\n  $ purser new workflow tidy-errors --portfolio refactoring')
    .action(async (name: string, _: NewWorkflowOptions, command: Command) => {
      const { newWorkflow } = await import('../write/new.ts')
      process.exitCode = newWorkflow(name, command.optsWithGlobals<NewWorkflowOptions>())
    })
  place(command.command('variant'))
    .description('write a variant of a workflow, with a copy of the prompt that it changes')
    .argument('<workflow/name>', 'the workflow, built in or your own, and the variant’s name')
    .option('--squad <name>', 'the squad that proposes it and gets the credit')
    .addHelpText('after', '\nExample:\n  $ purser new variant refactor+tests/small-steps --squad payments')
    .action(async (target: string, _: NewVariantOptions, command: Command) => {
      const { newVariant } = await import('../write/new.ts')
      process.exitCode = newVariant(target, command.optsWithGlobals<NewVariantOptions>())
    })
  place(command.command('agent'))
    .description('write an agent that any workflow may name')
    .argument('<name>', 'its name, as steps will call it')
    .addHelpText('after', '\nExample:\n  $ purser new agent migrator')
    .action(async (name: string, _: NewOptions, command: Command) => {
      const { newAgent } = await import('../write/new.ts')
      process.exitCode = newAgent(name, command.optsWithGlobals<NewOptions>())
    })
}

function place(command: Command): Command {
  return command
    .option('--dir <dir>', 'the repository', '.')
    .option('--organisation <dir>', 'a checkout of the organisation’s .github repository, where it is inherited')
    .option('--json', 'print one JSON document', false)
}
