/** What the model is told of each tool. The Action's bundle has the result in place of this file: it is always the same. */
import { z } from 'zod/mini'
import type { ToolDefinition } from '../model/model.ts'
import { type ToolName, tools } from './all.ts'
import type { Tool } from './tool.ts'

export const definitions: Readonly<Record<ToolName, ToolDefinition>> = {
  read: definitionOf('read', tools.read),
  list: definitionOf('list', tools.list),
  search: definitionOf('search', tools.search),
  edit: definitionOf('edit', tools.edit),
  write: definitionOf('write', tools.write),
  run: definitionOf('run', tools.run),
}

function definitionOf(name: ToolName, { description, parameters }: Tool): ToolDefinition {
  const { $schema, ...schema } = z.toJSONSchema(parameters, {
    io: 'input',
    // Told with every request; a call that breaks one of these is answered with it.
    override: ({ jsonSchema }) => {
      for (const key of ['minLength', 'maxLength', 'additionalProperties', 'minimum'] as const) delete jsonSchema[key]
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  return { type: 'function', function: { name, description, parameters: schema } }
}
