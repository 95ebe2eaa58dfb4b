/** The answer to `/agent help`. */
import type { Verb } from '../command/command.ts'
import { code, paragraphs, table } from './markdown.ts'

export interface HelpView {
  /** The workflows that can be started here, by name; the first serves as the example. */
  readonly workflows: readonly string[]
}

/** How each verb is written and what it does, in the order in which they are shown. */
const verbTexts = {
  run: ['<workflow>[/<variant>] [name=value ...]', 'start a workflow, or a variant of it'],
  quote: ['quote <workflow>[/<variant>]', 'say what it would cost, without starting it'],
  go: ['go', 'start what has been quoted here and waits'],
  status: ['status', 'show the sessions here and what is left to spend'],
  explain: ['explain', 'say why the last session went as it did'],
  say: ['say "text"', 'go on with the session’s agent, with these words'],
  ask: ['ask <agent> "text"', 'ask another agent about the session; the answer is a comment'],
  pause: ['pause', 'let the session rest; what is left of its hold goes back'],
  resume: [
    'resume [cap=...]',
    'go on where the session was paused, stopped, capped or lost; `cap=` may raise its ceiling',
  ],
  stop: ['stop', 'stop the session, whose work is kept, and withdraw the commands that wait'],
  retry: ['retry', 'run the session’s workflow again from the start, under the same ceiling'],
  fork: ['fork [<workflow>[/<variant>]]', 'start a second session from this one’s work, under the same ceiling'],
  deliver: ['deliver', 'as a maintainer: deliver work that was withheld, where the workflow lets a guard be set aside'],
  promote: ['promote', 'in an issue that proposes a variant: open the pull request that carries it out'],
  reject: ['reject <reason>', 'in such an issue: turn it down, for one of the reasons that it lists'],
  offer: ['offer [<workflow>[/<variant>]]', 'as a maintainer: offer it to the organisation’s catalog'],
  list: ['list', 'show the workflows, their inputs and prices'],
  help: ['help', 'show this'],
} as const satisfies Record<Verb, readonly [written: string, does: string]>

export function helpComment(view: HelpView): string {
  const rows = Object.entries(verbTexts).map(([, [written, does]]) => [code(`/agent ${written}`), does])
  const [example] = view.workflows
  return paragraphs(
    '### Commands',
    'A command is the first line of a new comment, on its own. Edited comments, quotes and code blocks start nothing.',
    table(['write', 'to'], rows),
    'A value with blanks goes in double quotes. `cap=`, `model=` and `effort=` change one run within what its portfolio allows.',
    example === undefined
      ? 'No workflow can be started here yet.'
      : `For example: ${code(`/agent ${example} cap=1.50`)}. On offer here: ${view.workflows.map(code).join(', ')}.`,
  )
}
