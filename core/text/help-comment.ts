/** The answer to `/agent help`. */
import type { Verb } from '../command.ts'

export interface HelpView {
  /** The verbs that this version carries out. */
  readonly verbs: readonly Verb[]
  /** The workflows that can be started here, by name; the first serves as the example. */
  readonly workflows: readonly string[]
}

export function helpComment(view: HelpView): string {
  throw new Error(`not written yet: ${view.workflows.length}`)
}
