/**
 * What the checks on a delivered head come to. Whatever runs in GitHub Actions reports as one and the same App, so a branch that
 * changes an Actions workflow can report anything; and any App at all may be installed.
 */

/** The App that everything made with `GITHUB_TOKEN` belongs to. */
export const ACTIONS_APP = 'github-actions'

/** Whether the delivered head has other Actions workflows than the branch came with; `unreadable` where GitHub no longer says. */
export type WorkflowFiles = 'same' | 'changed' | 'unreadable'

export interface ObservedCheck {
  /** The short name of the App that reported it; empty where a person set a status, for which they need write access. */
  readonly app: string
  readonly name: string
  readonly verdict: 'success' | 'failure' | 'other'
}

/** Whether a failure that an App reports may start something: where any Apps are declared, one of those, as for outcomes. */
export function mayReport(app: string, apps: readonly string[]): boolean {
  return apps.length === 0 || app === ACTIONS_APP || apps.includes(app)
}

/**
 * Of checks of one name and App, as the job `test` of two Actions workflows: one failure is a failure, and what says nothing of
 * the work leaves it to the others.
 */
export function foldVerdicts(verdicts: readonly ObservedCheck['verdict'][]): ObservedCheck['verdict'] {
  return (['failure', 'success'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'other'
}

export type WhyUncounted = 'unknown-app' | 'workflows-changed' | 'workflows-unreadable'

/** Why a check says nothing of the work; undefined where it does. `apps` are the declared ones. */
export function whyUncounted(
  { app }: Pick<ObservedCheck, 'app'>,
  files: WorkflowFiles | undefined,
  apps: readonly string[],
): WhyUncounted | undefined {
  // A declared App reports by a key of its own, which no Actions workflow of the branch has.
  if (app !== ACTIONS_APP && app !== '') return apps.includes(app) ? undefined : 'unknown-app'
  if (files === 'same') return undefined
  return files === 'changed' ? 'workflows-changed' : 'workflows-unreadable'
}

/** One failure among those that count is a failure. */
export function verdictOfChecks(
  checks: readonly ObservedCheck[],
  files: WorkflowFiles | undefined,
  apps: readonly string[],
): 'success' | 'failure' | undefined {
  const counted = checks.filter((check) => !whyUncounted(check, files, apps))
  const verdict = foldVerdicts(counted.map((check) => check.verdict))
  return verdict === 'other' ? undefined : verdict
}
