/** What of the built-in catalog a workflow leans on: its steps' workflows, their agents, whom these delegate to, their skills. */
import type { Configuration, Family } from '../../core/config/configuration.ts'
import type { Step } from '../../core/config/workflow.ts'

/** The beginnings of their paths below `.github/purser`; an organisation's and a repository's own are where they should be. */
export function neededFolders({ families, agents, skills }: Configuration, workflow: string): string[] {
  const builtInFamilies = [...families.values()].filter(({ layer }) => layer === 'built-in')
  const found = closure([workflow], (name) => {
    const family = builtInFamilies.find((one) => one.name === name)
    return family === undefined ? [] : stepsOf(family).flatMap(nestedFamily)
  })
  const named = builtInFamilies.filter(({ name }) => found.has(name)).flatMap(stepsOf)
  const workers = closure(
    named.flatMap((step) => ('agent' in step ? [step.agent] : [])),
    (name) => agents.get(name)?.delegates ?? [],
  )
  const builtInAgents = [...workers].filter((name) => agents.get(name)?.layer === 'built-in')
  const read = new Set(builtInAgents.flatMap((name) => agents.get(name)?.skills ?? []))
  return [
    ...[...found].map((name) => `catalog/${name}/`),
    ...builtInAgents.map((name) => `catalog/agents/${name}.agent.md`),
    ...[...read].filter((name) => skills.has(name)).map((name) => `catalog/skills/${name}/`),
  ]
}

function stepsOf({ baseline, variants }: Family): readonly Step[] {
  return [baseline, ...[...variants.values()].map(({ workflow }) => workflow)].flatMap(({ steps }) => steps)
}

/** `review` of `review/quick`. */
function nestedFamily(step: Step): string[] {
  return 'workflow' in step ? step.workflow.split('/').slice(0, 1) : []
}

/** Everything that is reached from where it begins, each once. */
function closure(begin: readonly string[], next: (name: string) => readonly string[]): Set<string> {
  const reached = new Set(begin)
  // A set that grows while it is walked is walked to its end.
  for (const name of reached) for (const further of next(name)) reached.add(further)
  return reached
}
