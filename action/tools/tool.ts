/** What a tool is. */
import { z } from 'zod/mini'
import type { Reach } from '../agent/reach.ts'
import type { ToolDefinition } from '../model/model.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

export interface ToolPlace {
  readonly workDir: string
  readonly sandbox: Sandbox
  readonly reach: Reach
  readonly signal: AbortSignal
}

/** A tool that only some agents have: what the model is told of it comes with it. */
export interface ExtraTool {
  readonly definition: ToolDefinition
  /** Checks what was written itself; its failure is a result too. */
  call(written: unknown): Promise<string>
}

/** A tool's failure is a result that the model reads, never an exception. */
export interface Tool {
  readonly description: string
  readonly parameters: z.ZodMiniType
  /** Calls of such tools that stand side by side in a turn are carried out at once. */
  readonly onlyReads: boolean
  call(written: unknown, place: ToolPlace): Promise<string>
}

/** Makes a tool from its schema, which is made at its first call, and its work, so that both agree on the types. */
export function defineTool<Schema extends z.ZodMiniType>(
  description: string,
  makeParameters: () => Schema,
  work: (written: z.output<Schema>, place: ToolPlace) => Promise<string>,
  onlyReads: 'only reads' | 'changes',
): Tool {
  const parameters = z.lazy(makeParameters)
  return {
    description,
    parameters,
    onlyReads: onlyReads === 'only reads',
    call: (written, place) => work(parameters.parse(written), place),
  }
}
