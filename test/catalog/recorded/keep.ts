/** With PURSER_RECORD=1 the plays of the built-in workflows are kept: their logs here, what they used beside the catalog. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { REFERENCE_RUNS } from '../../../catalog/reference-runs.ts'
import type { Played } from '../play.ts'

export const RUNS = fileURLToPath(new URL('runs/', import.meta.url))
const FIGURES = fileURLToPath(new URL(`../../../catalog/${REFERENCE_RUNS}`, import.meta.url))

/** `fix-ci/diagnose-first` is kept in `fix-ci.diagnose-first.jsonl`. */
export function keptLog(target: string): string {
  return join(RUNS, `${target.replace('/', '.')}.jsonl`)
}

/** Of the one session of a repository. */
export function logIn(root: string): string {
  const sessions = join(root, '.purser/sessions')
  const [id = ''] = readdirSync(sessions)
  return join(sessions, id, 'events.jsonl')
}

export function keepWhereAsked(root: string, target: string, { report }: Played): void {
  if (process.env.PURSER_RECORD !== '1') return
  mkdirSync(RUNS, { recursive: true })
  copyFileSync(logIn(root), keptLog(target))
  const { inputTokens, outputTokens, calls } = report
  const before: object = JSON.parse(readFileSync(FIGURES, 'utf8'))
  const figures = Object.entries({ ...before, [target]: { modelCalls: calls.length, inputTokens, outputTokens } })
  figures.sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(FIGURES, `${JSON.stringify(Object.fromEntries(figures), null, 2)}\n`)
}
