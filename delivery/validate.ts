/** The App's own look at work that arrives: a runner may say what it likes. */

import type { Changeset } from '../core/changes/changeset.ts'
import {
  type Before,
  checkPlanGuards,
  checkSecrets,
  checkTests,
  testChangesOf,
  type Violation,
  validateChangeset,
  withholdsTests,
} from '../core/changes/guard.ts'
import type { Plan } from '../core/plan/plan.ts'
import { redactor } from '../core/redact.ts'
import type { Report } from '../core/run/report.ts'

/** Who delivers knows none of the secrets that the run was given, and how credentials look. */
const redact = redactor([])

/** `before`: what its files were, as far as that matters and is known. */
export function violationsOf(plan: Plan, changeset: Changeset | undefined, before?: Before): readonly Violation[] {
  if (!changeset) return []
  const foreign = changeset.baseSha === plan.subject.headSha ? [] : [foreignBase(changeset)]
  return [
    ...foreign,
    ...validateChangeset(changeset, before),
    ...checkSecrets(changeset, redact, before),
    ...checkPlanGuards(plan, changeset),
    ...loosened(plan, changeset, before),
  ]
}

/** Only who knows what the tests were can say how they differ. */
function loosened(plan: Plan, changeset: Changeset, before: Before | undefined): Violation[] {
  return before === undefined || !withholdsTests(plan) ? [] : checkTests(plan, testChangesOf(changeset, before))
}

function foreignBase(changeset: Changeset): Violation {
  const message = `The work was made from \`${changeset.baseSha.slice(0, 12)}\`, not from the commit the run is pinned to.`
  return { reason: 'guard-files', rule: 'base', message }
}

/**
 * Whether work that stopped at its cap may still go where finished work goes: every agent step came to its end, so
 * what its `until` command judges has passed.
 */
export function isFinished(plan: Plan, report: Report): boolean {
  const done = new Set(report.steps.filter((step) => step.ok).map((step) => step.id))
  return plan.steps.every((step) => !('agent' in step) || done.has(step.id))
}
