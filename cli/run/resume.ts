/** `purser run --resume`: the run that a checkpoint asks for again, under what is left of its session's ceiling. */
import type { SavedSession } from '../../action/session/checkpoint-file.ts'
import type { Configuration } from '../../core/config/configuration.ts'
import { formatAtMostUsd } from '../../core/money/money.ts'
import type { PriceList } from '../../core/money/prices.ts'
import { type Resolved, type RunRequest, resolveRun } from '../../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { checkResume } from '../../core/session/resume.ts'
import { git } from '../git.ts'

/** The same run as it was asked for, with what is asked for otherwise now. */
export function savedRequest({ checkpoint, variant, inputs, overrides }: SavedSession, now: RunRequest['overrides']) {
  return {
    workflow: checkpoint.workflow,
    ...(variant !== undefined && { variant }),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)])),
    overrides: { ...overrides, ...now },
  }
}

/**
 * Steps, prompts, prices and the ceiling are what the repository declares now; the file only says what was asked for and
 * how far it came, so that nobody's file can name a price or a command of its own.
 */
export function resolveResumed(
  saved: SavedSession,
  overrides: RunRequest['overrides'],
  configuration: Configuration,
  keptPrices: PriceList,
  now: Date,
): Resolved | Refusal {
  const resolved = resolveRun(configuration, savedRequest(saved, overrides), saved.subject, keptPrices, now)
  if (isRefusal(resolved)) return resolved
  const { plan } = resolved
  const problem = checkResume(plan, saved.checkpoint)
  if (problem !== undefined) return problem
  const { spentMicroUsd } = saved.checkpoint
  const leftMicroUsd = plan.capMicroUsd - spentMicroUsd
  if (leftMicroUsd <= 0n) {
    const spent = `${formatAtMostUsd(spentMicroUsd)} of its ceiling of ${formatAtMostUsd(plan.capMicroUsd)}`
    const todo = 'Raise the ceiling, as in --cap 2x, where the portfolio’s `overrides` allow it.'
    return refuse('session-used-up', `The session has spent ${spent}, so nothing is left to go on with.`, todo)
  }
  return { ...resolved, plan: { ...plan, capMicroUsd: leftMicroUsd } }
}

export function hasCommit(root: string, sha: string): boolean {
  return git(root, ['cat-file', '-e', `${sha}^{commit}`]) !== undefined
}
