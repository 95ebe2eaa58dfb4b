/** What must hold for an agent beyond its schema. */
import { nearest } from '../nearest.ts'
import type { Catalog, LocatedAgent } from './catalog.ts'
import { problemAt } from './explain.ts'
import type { Problem } from './problem.ts'

export function checkAgent({ agent, source }: LocatedAgent, catalog: Catalog): readonly Problem[] {
  const { delegates = [], skills = [], runtime } = agent
  const names = [...catalog.agents.keys()]
  const unknown = delegates.flatMap((name, index): Problem[] => {
    const path = ['delegates', index]
    const others = names.filter((one) => one !== agent.name)
    const expected = `one of ${others.join(', ')}`
    const example = nearest(name, others) ?? others[0] ?? 'investigator'
    if (name === agent.name) {
      return [problemAt([source], path, { wrong: 'an agent can’t delegate to itself', expected, example })]
    }
    const delegate = catalog.agents.get(name)?.agent
    if (delegate?.runtime !== undefined) {
      const wrong = `${name} is carried out by ${delegate.runtime}, and only Purser’s own agents take such tasks`
      return [problemAt([source], path, { wrong, expected: 'an agent without `runtime`', example: 'investigator' })]
    }
    if (delegate || catalog.unreadable.agents.has(name)) return []
    return [problemAt([source], path, { wrong: `there is no agent ${name}`, expected, example })]
  })
  const known = [...catalog.skills.keys()]
  const missing = skills.flatMap((name, index): Problem[] => {
    if (known.includes(name) || catalog.unreadable.skills.has(name)) return []
    const wrong = `there is no skill ${name}`
    const expected = `catalog/skills/${name}/SKILL.md`
    return [
      problemAt([source], ['skills', index], { wrong, expected, example: nearest(name, known) ?? known[0] ?? name }),
    ]
  })
  unknown.push(...missing)
  if (runtime === undefined || delegates.length === 0) return unknown
  const finding = {
    wrong: `${runtime} carries the agent out, and has no way to delegate`,
    expected: 'one of `runtime` and `delegates`',
    example: 'delegates: [investigator]',
  }
  return [...unknown, problemAt([source], ['delegates'], finding)]
}
