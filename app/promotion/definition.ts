/** What a trial compares, as digests: they change exactly when a side, a prompt or an agent of it is declared anew. */
import { createHash } from 'node:crypto'
import { canonical } from '../../core/canonical.ts'
import type { CatalogWorkflow, Configuration } from '../../core/config/configuration.ts'
import { withDelegates } from '../../core/plan/resolve-models.ts'
import { nestedWorkflow } from '../../core/plan/resolve-nested.ts'

/** Of both sides together; `undefined` when the variant is not in the catalog. */
export function definitionOf(configuration: Configuration, family: string, variant: string): string | undefined {
  const sides = [sideDefinition(configuration, family, null), sideDefinition(configuration, family, variant)]
  return sides.includes(undefined) ? undefined : digest(sides)
}

/** Of one side; null for the baseline. Credit changes nothing that it does. */
export function sideDefinition(
  configuration: Configuration,
  family: string,
  variant: string | null,
): string | undefined {
  const found = configuration.families.get(family)
  const side = variant === null ? found?.baseline : found?.variants.get(variant)?.workflow
  if (!side) return undefined
  return digest(partsOf(side, configuration))
}

/**
 * The workflow, every agent that it reaches with its skills, and the workflows that are steps of it: not the layer that they
 * stand in, so that what an organisation takes over from a repository is the same there as here.
 */
function partsOf({ credit: _, ...workflow }: CatalogWorkflow, configuration: Configuration): unknown[] {
  const named = workflow.steps.flatMap((step) => ('agent' in step ? [step.agent] : []))
  const agents = [...withDelegates(named, configuration)].flatMap((name) => {
    const { layer: _, ...agent } = configuration.agents.get(name) ?? {}
    return 'name' in agent ? [agent] : []
  })
  const skills = agents.flatMap((agent) => (agent?.skills ?? []).map((name) => configuration.skills.get(name)))
  const nested = workflow.steps.flatMap((step) =>
    'workflow' in step ? [partsOf(nestedWorkflow(configuration, step.workflow).workflow, configuration)] : [],
  )
  return [workflow, agents, ...(skills.length === 0 ? [] : [skills]), ...nested]
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}
