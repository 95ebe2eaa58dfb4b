/** MCP servers as they answered when a run was recorded: in a replay none is started or asked. */

import { TOO_MANY } from '../../action/agent/tool-turn.ts'
import type { OpenMcpServers } from '../../action/mcp/servers.ts'
import { NOT_JSON } from '../../action/tools/tools.ts'
import { offeredNames } from '../../core/config/mcp.ts'
import type { RecordedRun } from './recorded-run.ts'

/** Said of an answer that was kept on disk, where it is not in the log. */
const NOT_KEPT = 'The log of this run has only what was shown of this.'

export function recordedMcpServers({ toolResults }: Pick<RecordedRun, 'toolResults'>): OpenMcpServers {
  // These are said before any tool is asked, now as then.
  const left = toolResults.filter(({ text }) => text !== NOT_JSON && text !== TOO_MANY)
  return async (servers, { sandbox }) => ({
    tools: offeredNames(servers).map((name) => ({
      // The replay looks at names; what a server said of its tools is not in the log.
      definition: { type: 'function', function: { name, description: '', parameters: {} } },
      async call() {
        const at = left.findIndex((result) => result.name === name)
        const [found] = at < 0 ? [] : left.splice(at, 1)
        // Later commands have the numbers that they had.
        if (found?.text.includes('read it with path "output:')) sandbox.keepOutput(NOT_KEPT)
        return found?.text ?? 'error: the log of this run has no further answer of this tool'
      },
    })),
    close: async () => {},
  })
}
