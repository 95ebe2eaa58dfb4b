/** How every command ends: what it says, where, and with which exit code. */
import type { Refusal } from '../core/reason.ts'
import { systemProblem } from './system-problem.ts'
import { todoAtTerminal } from './todo.ts'

export const exitCodes = { done: 0, refused: 1, usage: 2, interrupted: 130 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The one JSON document that `--json` puts on standard output. Amounts are strings of integers. */
export function printJson(document: unknown, indent = 2): void {
  const text = JSON.stringify(
    document,
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    indent,
  )
  process.stdout.write(`${text}\n`)
}

/**
 * With `--json` the refusal is the document, with what a command's documents have besides, and with `line` one line;
 * else it is said on standard error.
 */
export function endRefused(refusal: Refusal, json: boolean | 'line', also: object = {}): ExitCode {
  const { reason, message } = refusal
  const todo = todoAtTerminal(refusal)
  if (json) printJson({ ...also, refused: true, reason, message, todo }, json === 'line' ? 0 : 2)
  else process.stderr.write(`${message}\n${todo}\n(${reason})\n`)
  return exitCodes.refused
}

/** What is in the way, in words; with `--json` it is the document. */
export function endProblem(problem: string, json: boolean): ExitCode {
  if (json) printJson({ ok: false, problem })
  else process.stderr.write(`${problem}\n`)
  return exitCodes.refused
}

/** What nobody foresaw and no command handles; once, without a trace unless DEBUG is set. */
export function endUnexpected(error: unknown, json: boolean): ExitCode {
  const problem = systemProblem(error) ?? (error instanceof Error ? error.message : String(error))
  if (json) printJson({ ok: false, problem })
  else process.stderr.write(`purser: ${problem}\n`)
  if (process.env.DEBUG) console.error(error)
  return exitCodes.refused
}

export function endWrongUsage(message: string, json: boolean): ExitCode {
  if (json) printJson({ ok: false, usage: message })
  else process.stderr.write(`error: ${message}\n(add --help for an example)\n`)
  return exitCodes.usage
}
