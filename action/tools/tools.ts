/** The tools of an agent: what the model is told of them, and how a call is checked and carried out. */
import { z } from 'zod/mini'
import { stripInvisible } from '../../core/inert.ts'
import type { ToolDefinition } from '../model/model.ts'
import { type ToolName, tools } from './all.ts'
import { definitions } from './definitions.ts'
import type { ExtraTool, ToolPlace } from './tool.ts'

export const NOT_JSON = 'error: the arguments are not JSON; send one JSON object'

/** In the order that the agent names them, byte for byte the same in every run. */
export function toolDefinitions(names: readonly ToolName[]): ToolDefinition[] {
  return names.map((name) => definitions[name])
}

export function onlyReads(name: string): boolean {
  return Object.entries(tools).some(([known, tool]) => known === name && tool.onlyReads)
}

/** Carries out one call of the model. Arguments are checked; a tool that the agent does not name is not there. */
export async function callTool(
  allowed: readonly ToolName[],
  name: string,
  argumentsJson: string,
  place: ToolPlace,
  more: readonly ExtraTool[] = [],
): Promise<string> {
  const extra = more.find(({ definition }) => definition.function.name === name)
  const known = allowed.find((tool) => tool === name)
  if (known === undefined && extra === undefined) {
    const names = [...allowed, ...more.map(({ definition }) => definition.function.name)]
    return `error: there is no tool ${JSON.stringify(name)}; use one of ${names.join(', ')}`
  }
  let written: unknown
  try {
    written = JSON.parse(argumentsJson)
  } catch {
    return NOT_JSON
  }
  if (extra !== undefined) return visible(await extra.call(written))
  if (known === undefined) return ''
  const parsed = tools[known].parameters.safeParse(written)
  if (!parsed.success) return `error: ${z.prettifyError(parsed.error)}`
  return visible(await tools[known].call(parsed.data, place))
}

function visible(result: string): string {
  const { text, removed } = stripInvisible(result)
  return removed === 0 ? text : `${text}\n[${removed} invisible characters are not shown]`
}
