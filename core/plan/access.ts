/** What somebody needs on GitHub to speak to a run that is there, or to take back one that waits. */
import type { Access } from '../command/permission.ts'
import type { Configuration } from '../config/configuration.ts'
import { BASELINE } from './assignment.ts'
import type { Plan } from './plan.ts'

export interface Named {
  readonly workflow: string
  readonly variant?: string | null | undefined
}

const ACCESS = ['triage', 'write', 'maintain'] as const satisfies readonly Access[]

/** All that a plan holds, also what its workflow nests no more. */
export function namedIn({ workflow, variant, nested = {} }: Pick<Plan, 'workflow' | 'variant' | 'nested'>): Named[] {
  return [{ workflow, variant }, ...Object.values(nested)]
}

/** The highest that any of these, and what they nest, asks for today; `maintain` where one is not declared any more. */
export function highestAccess(
  configuration: Pick<Configuration, 'families'> | undefined,
  named: readonly Named[],
): Access {
  const todo = [...named]
  const seen = new Set<string>()
  let highest = 0
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { workflow, variant } = next
    const name = `${workflow}/${variant ?? BASELINE}`
    if (seen.has(name)) continue
    seen.add(name)
    const family = configuration?.families.get(workflow)
    const found = variant && variant !== BASELINE ? family?.variants.get(variant)?.workflow : family?.baseline
    if (found === undefined) return 'maintain'
    highest = Math.max(highest, ACCESS.indexOf(found.access))
    for (const step of found.steps) {
      if (!('workflow' in step)) continue
      const [inner = '', innerVariant] = step.workflow.split('/')
      todo.push({ workflow: inner, variant: innerVariant })
    }
  }
  return named.length === 0 ? 'maintain' : (ACCESS[highest] ?? 'maintain')
}
