/** `purser check`: every problem of the working tree, then how many there are. Warnings don't fail. */
import { formatProblem } from '../core/config/problem.ts'
import { isRefusal } from '../core/reason.ts'
import { readCheckout } from './checkout.ts'
import type { CheckOptions } from './commands/check.ts'
import { type ExitCode, endRefused, exitCodes, printJson } from './exit.ts'
import { renameProblems } from './renames.ts'
import { placeholderProblems } from './write/own-action.ts'

/** What a refusal has in common with the document that `--json` prints else. */
const NOT_OK = { ok: false, problems: [] }

export function check(dir: string, { json, organisation }: CheckOptions): ExitCode {
  const checkout = readCheckout(dir, organisation)
  if (isRefusal(checkout)) return endRefused(checkout, json, NOT_OK)
  const { loaded, declared, root } = checkout
  const problems = [
    ...('problems' in loaded ? loaded.problems : loaded.configuration.warnings),
    ...renameProblems(checkout, new Date()),
    ...placeholderProblems(root),
  ]
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  if (!declared && errors === 0) return endRefused(checkout.undeclared, json, NOT_OK)
  const partial = 'problems' in loaded && loaded.isPartial
  if (json) printJson({ ok: errors === 0, errors, warnings, partial, problems })
  else {
    for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`)
    process.stdout.write(`${summary(errors, warnings)}\n`)
    if (partial)
      process.stdout.write('There may be more: what the files say together is checked once each can be read.\n')
  }
  return errors === 0 ? exitCodes.done : exitCodes.refused
}

function summary(errors: number, warnings: number): string {
  if (errors === 0 && warnings === 0) return 'No problems.'
  return [counted(errors, 'problem'), ...(warnings > 0 ? [counted(warnings, 'warning')] : [])].join(', ').concat('.')
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'No' : count} ${what}${count === 1 ? '' : 's'}`
}
