/** The tool calls of one turn: those that only read run side by side, the others alone and in their order. */

import type { ToolCall } from '../model/model.ts'
import type { ToolName } from '../tools/all.ts'
import type { ExtraTool, ToolPlace } from '../tools/tool.ts'
import { callTool, onlyReads } from '../tools/tools.ts'

/** Calls of one turn; more are answered with an error. */
export const CALLS_PER_TURN_MAX = 16
export const TOO_MANY = `error: more than ${CALLS_PER_TURN_MAX} calls in one turn`

/** The results in the order of the calls. */
export async function carryOutCalls(
  calls: readonly ToolCall[],
  allowed: readonly ToolName[],
  place: ToolPlace,
  more: readonly ExtraTool[] = [],
): Promise<string[]> {
  const results: string[] = []
  for (const together of sideBySide(calls.slice(0, CALLS_PER_TURN_MAX))) {
    const answers = together.map((call) => callTool(allowed, call.name, call.argumentsJson, place, more))
    results.push(...(await Promise.all(answers)))
  }
  const tooMany = calls.slice(CALLS_PER_TURN_MAX).map(() => TOO_MANY)
  return [...results, ...tooMany]
}

/** What stands next to each other and only reads belongs together; everything else is by itself. */
function sideBySide(calls: readonly ToolCall[]): ToolCall[][] {
  const groups: ToolCall[][] = []
  let isReading = false
  for (const call of calls) {
    const reads = onlyReads(call.name)
    const last = groups.at(-1)
    if (reads && isReading && last !== undefined) last.push(call)
    else groups.push([call])
    isReading = reads
  }
  return groups
}

/** `run npm test`, for the log. */
export function describeCall(call: ToolCall): string {
  try {
    const written: unknown = JSON.parse(call.argumentsJson)
    const first = typeof written === 'object' && written !== null ? (Object.values(written)[0] ?? '') : ''
    return `${call.name} ${String(first).split('\n')[0]?.slice(0, 100) ?? ''}`.trim()
  } catch {
    return call.name
  }
}
