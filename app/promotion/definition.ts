/** What a trial compares, as digests: they change exactly when a side, a prompt or an agent of it is declared anew. */
import { createHash } from 'node:crypto'
import { canonical } from '../../core/canonical.ts'
import type { Configuration } from '../../core/config/configuration.ts'

/** Of both sides together; `undefined` when the variant is not in the catalog. */
export function definitionOf(configuration: Configuration, family: string, variant: string): string | undefined {
  const sides = [sideDefinition(configuration, family, null), sideDefinition(configuration, family, variant)]
  return sides.includes(undefined) ? undefined : digest(sides)
}

/** Of one side; null for the baseline. Credit changes nothing that it does. */
export function sideDefinition(
  { families, agents }: Configuration,
  family: string,
  variant: string | null,
): string | undefined {
  const found = families.get(family)
  const side = variant === null ? found?.baseline : found?.variants.get(variant)?.workflow
  if (!side) return undefined
  const { credit: _, ...workflow } = side
  const named = workflow.steps.flatMap((step) => ('agent' in step ? [step.agent] : []))
  return digest([workflow, named.map((name) => agents.get(name))])
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}
