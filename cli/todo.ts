/** What a refusal's way out is called at a terminal, where the registry speaks of comments and of the Action. */
import { type ReasonCode, type Refusal, reasons } from '../core/reason.ts'

const atTerminal: Partial<Record<ReasonCode, string>> = {
  'unknown-workflow': 'Pick one that `purser list` shows.',
  'unknown-variant': 'Pick one that `purser list` shows, or leave the variant out for the baseline.',
  'input-invalid': 'Give the inputs that the workflow declares, and no others; `purser list` shows them.',
  'no-configuration': 'Run `purser init`, look at what it writes, and commit it to the default branch.',
  'configuration-invalid': 'Run `purser check` and mend what it names.',
  'no-key': 'Set OPENAI_API_KEY to a key of the model’s provider.',
  'sandbox-unavailable': 'Install bubblewrap and allow user namespaces.',
}

/** A way out that was written for the case at hand stays as it is. */
export function todoAtTerminal({ reason, todo }: Refusal): string {
  return todo === reasons[reason].todo ? (atTerminal[reason] ?? todo) : todo
}
