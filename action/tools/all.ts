/** Every tool that an agent may name. */
import type { toolNames } from '../../core/config/workflow.ts'
import { runTool, searchTool } from './commands.ts'
import { editTool, listTool, readTool, writeTool } from './files.ts'
import type { Tool } from './tool.ts'

export type ToolName = (typeof toolNames)[number]

export const tools: Readonly<Record<ToolName, Tool>> = {
  read: readTool,
  list: listTool,
  search: searchTool,
  edit: editTool,
  write: writeTool,
  run: runTool,
}
