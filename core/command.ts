/** The grammar of `/agent` comments. Strict: the first line of a comment, read whole, or it is no command. */

/** The verbs besides a workflow's name; none may name a workflow. */
export const verbs = [
  'go',
  'say',
  'ask',
  'quote',
  'status',
  'explain',
  'stop',
  'pause',
  'resume',
  'fork',
  'retry',
  'deliver',
  'list',
  'help',
] as const
export type Verb = (typeof verbs)[number] | 'run'

/** The names that change a run rather than feed it; no input may have one. */
export const overrideNames = ['cap', 'model', 'effort'] as const
export type OverrideName = (typeof overrideNames)[number]

export interface Command {
  readonly kind: 'command'
  /** `run` for `/agent <workflow>`. */
  readonly verb: Verb
  readonly workflow: string | null
  readonly variant: string | null
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
  /** The free text of `say` and `ask`. */
  readonly text: string | null
  /** The agent that `ask` names. */
  readonly agent: string | null
}
/** `none`: no command at all. `invalid`: one that is meant but wrong, with the problem in words. */
export type ParsedComment = Command | { readonly kind: 'none' } | { readonly kind: 'invalid'; readonly problem: string }

export const COMMENT_BYTES_MAX = 65_536

export function parseComment(body: string): ParsedComment {
  throw new Error(`not written yet: ${body.length}`)
}
