import { oneLine } from '../one-line.ts'

/** One thing that is wrong, or only unwise (`warning`), in what a repository declares. */
export interface Problem {
  /** As a person would open it, from the repository's root. */
  readonly file: string
  /** From 1; both 1 when the whole file is meant. */
  readonly line: number
  readonly column: number
  /** The dotted way to the value; empty when the whole file is meant. */
  readonly path: string
  readonly wrong: string
  readonly expected: string
  readonly example: string
  readonly severity: 'error' | 'warning'
}

/** What is said about a place, without the place. */
export type Finding = Pick<Problem, 'wrong' | 'expected' | 'example'>

/** `file:line:column path: wrong; expected ...; for example ...`, which editors and CI logs can jump to. */
export function formatProblem(problem: Problem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`
  const path = problem.path === '' ? '' : ` ${problem.path}`
  const kind = problem.severity === 'warning' ? 'warning: ' : ''
  return oneLine(
    `${where}${path}: ${kind}${problem.wrong}; expected ${problem.expected}; for example ${problem.example}`,
  )
}

/** By file, then by position: the order in which somebody mends them. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const order = (first: string, second: string) => (first < second ? -1 : first > second ? 1 : 0)
  return [...problems].sort(
    (first, second) => order(first.file, second.file) || first.line - second.line || first.column - second.column,
  )
}
