/** What our own reference run of a built-in workflow used, for who has no history of it yet. */
import { type ReferenceRun, readReferenceRuns } from '../../catalog/reference-runs.ts'
import type { Configuration } from '../../core/config/configuration.ts'
import { formatTokens } from '../../core/money/money.ts'
import type { Plan } from '../../core/plan/plan.ts'

/** Of the workflow or variant as it comes with Purser; a repository's own has none. */
export function referenceRun(
  { families }: Configuration,
  { workflow, variant }: Pick<Plan, 'workflow' | 'variant'>,
): ReferenceRun | undefined {
  const family = families.get(workflow)
  const layer = variant === undefined ? family?.layer : family?.variants.get(variant)?.layer
  if (family?.layer !== 'built-in' || layer !== 'built-in') return undefined
  return readReferenceRuns()[variant === undefined ? workflow : `${workflow}/${variant}`]
}

/** Tokens and no price: a script knows the answers, and a price would promise what no model keeps. */
export function referenceLine({ modelCalls, inputTokens, outputTokens }: ReferenceRun): string {
  const calls = `${modelCalls} model ${modelCalls === 1 ? 'call' : 'calls'}`
  return `In our own reference run: ${calls}, ${formatTokens(inputTokens)} in and ${formatTokens(outputTokens)} out, with scripted answers on a small repository. A real model takes more.`
}
