/** How the commands that write into a repository tell what they wrote and what to do next. */
import { printJson } from '../exit.ts'

export interface Written {
  /** From the repository's root. */
  readonly written: readonly string[]
  /** What was there already and stays. */
  readonly kept: readonly string[]
  readonly next: readonly string[]
}

export function sayWritten({ written, kept, next }: Written, json: boolean): void {
  if (json) {
    printJson({ written, kept, next })
    return
  }
  const lines = [
    ...written.map((path) => `wrote ${path}`),
    ...kept.map((path) => `kept  ${path}`),
    '',
    'Next:',
    ...next.map((step, index) => `${index + 1}. ${step}`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
