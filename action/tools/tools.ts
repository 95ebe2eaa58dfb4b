/** The tools an agent may name: what the model is told of each, and how a call is checked and carried out. */
import { z } from 'zod/mini'
import type { toolNames } from '../../core/config/workflow.ts'
import { stripInvisible } from '../../core/inert.ts'
import { runTool, searchTool } from './commands.ts'
import { editTool, listTool, readTool, writeTool } from './files.ts'
import type { Tool, ToolPlace } from './tool.ts'

export type ToolName = (typeof toolNames)[number]

export interface ToolDefinition {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description: string
    readonly parameters: Record<string, unknown>
  }
}

const tools: Readonly<Record<ToolName, Tool>> = {
  read: readTool,
  list: listTool,
  search: searchTool,
  edit: editTool,
  write: writeTool,
  run: runTool,
}

/** In the order that the agent names them, byte for byte the same in every run. */
export function toolDefinitions(names: readonly ToolName[]): ToolDefinition[] {
  return names.map((name) => {
    const { $schema, ...parameters } = z.toJSONSchema(tools[name].parameters, { io: 'input' })
    return { type: 'function', function: { name, description: tools[name].description, parameters } }
  })
}

/** Carries out one call of the model. Arguments are checked; a tool that the agent does not name is not there. */
export async function callTool(
  allowed: readonly ToolName[],
  name: string,
  argumentsJson: string,
  place: ToolPlace,
): Promise<string> {
  const known = allowed.find((tool) => tool === name)
  if (known === undefined) return `error: there is no tool ${JSON.stringify(name)}; use one of ${allowed.join(', ')}`
  let written: unknown
  try {
    written = JSON.parse(argumentsJson)
  } catch {
    return 'error: the arguments are not JSON; send one JSON object'
  }
  const parsed = tools[known].parameters.safeParse(written)
  if (!parsed.success) return `error: ${z.prettifyError(parsed.error)}`
  return visible(await tools[known].call(parsed.data, place))
}

function visible(result: string): string {
  const { text, removed } = stripInvisible(result)
  return removed === 0 ? text : `${text}\n[${removed} invisible characters are not shown]`
}
