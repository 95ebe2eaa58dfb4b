/** What a plan's nested workflows are and what decides whether they are needed, for a reader of the plan. */
import { formatAtMostUsd } from '../money/money.ts'
import type { Plan, PlanNested, PlanStep } from '../plan/plan.ts'
import { workflowName } from './workflow-name.ts'

/** The nested workflows by key whose first step this is, the outermost first. */
export function openedBy(
  { steps, nested = {} }: Pick<Plan, 'steps' | 'nested'>,
  step: PlanStep,
): [string, PlanNested][] {
  return Object.entries(nested).filter(([key]) => steps.find(({ id }) => id.startsWith(`${key}/`)) === step)
}

export function nestedWords(nested: PlanNested): string {
  return `workflow ${workflowName(nested)}, never more than ${formatAtMostUsd(nested.capMicroUsd)}`
}
