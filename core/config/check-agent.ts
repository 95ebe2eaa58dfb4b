/** What must hold for an agent beyond its schema. */
import { nearest } from '../nearest.ts'
import type { Catalog, LocatedAgent } from './catalog.ts'
import { problemAt } from './explain.ts'
import { hostFindings } from './hosts.ts'
import { MCP_SERVERS_MAX, offeredName, TOOL_NAME_CHARACTERS_MAX } from './mcp.ts'
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
    if (delegate !== undefined && agent.sandbox?.write === false && changesFiles(delegate)) {
      const wrong = `${name} changes files, which this agent may have nobody do for it`
      return [problemAt([source], path, { wrong, expected: 'agents without edit and write', example: 'investigator' })]
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
  unknown.push(...missing, ...checkServers(agent, source), ...checkSandbox({ agent, source }))
  if (runtime === undefined || delegates.length === 0) return unknown
  const finding = {
    wrong: `${runtime} carries the agent out, and has no way to delegate`,
    expected: 'one of `runtime` and `delegates`',
    example: 'delegates: [investigator]',
  }
  return [...unknown, problemAt([source], ['delegates'], finding)]
}

function checkServers({ 'mcp-servers': servers = {}, runtime }: LocatedAgent['agent'], source: LocatedAgent['source']) {
  const path = ['mcp-servers']
  const problems: Problem[] = []
  const count = Object.keys(servers).length
  if (count > MCP_SERVERS_MAX) {
    const finding = { wrong: `has ${count} servers`, expected: `at most ${MCP_SERVERS_MAX}`, example: 'two agents' }
    problems.push(problemAt([source], path, finding))
  }
  if (runtime !== undefined && count > 0) {
    const wrong = `${runtime} carries the agent out, and reaches no server but its meter`
    const expected = 'one of `runtime` and `mcp-servers`'
    problems.push(problemAt([source], path, { wrong, expected, example: 'tools: [read, run]' }))
  }
  const seen = new Set<string>()
  for (const [server, { tools }] of Object.entries(servers)) {
    for (const [index, tool] of tools.entries()) {
      const offered = offeredName(server, tool)
      const place = [...path, server, 'tools', index]
      if (offered.length > TOOL_NAME_CHARACTERS_MAX) {
        const wrong = `the model would know it as ${offered}, of ${offered.length} characters`
        const expected = `at most ${TOOL_NAME_CHARACTERS_MAX} for server and tool together`
        problems.push(problemAt([source], place, { wrong, expected, example: 'a shorter name of the server' }))
      }
      if (seen.has(offered)) {
        const wrong = `another tool is known as ${offered} as well`
        problems.push(problemAt([source], place, { wrong, expected: 'each tool once', example: tool }))
      }
      seen.add(offered)
    }
  }
  return problems
}

function changesFiles({ tools }: Pick<LocatedAgent['agent'], 'tools'>): boolean {
  return tools.includes('edit') || tools.includes('write')
}

function checkSandbox({ agent, source }: Pick<LocatedAgent, 'agent' | 'source'>): Problem[] {
  const { sandbox, tools, runtime, 'mcp-servers': servers = {} } = agent
  if (sandbox === undefined) return []
  const problems: Problem[] = []
  if (!sandbox.write && changesFiles(agent)) {
    const kept = tools.filter((tool) => tool !== 'edit' && tool !== 'write')
    const wrong = 'its tools edit and write could do nothing'
    const example = `tools: [${(kept.length === 0 ? ['read'] : kept).join(', ')}]`
    problems.push(
      problemAt([source], ['sandbox', 'write'], { wrong, expected: 'tools without edit and write', example }),
    )
  }
  problems.push(
    ...hostFindings(sandbox.hosts, ['sandbox', 'hosts']).map(({ path, finding }) => problemAt([source], path, finding)),
  )
  const starts =
    tools.includes('run') || runtime !== undefined || Object.values(servers).some((one) => 'command' in one)
  if (sandbox.hosts.length > 0 && !starts) {
    const wrong = 'nothing that it may start could reach a host'
    const expected = 'the tool run, an MCP server with a command, or no hosts'
    problems.push(problemAt([source], ['sandbox', 'hosts'], { wrong, expected, example: 'tools: [read, run]' }))
  }
  return problems
}
