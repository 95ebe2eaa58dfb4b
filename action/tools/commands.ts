/** The tools that start a process, always in the sandbox: `run` and `search`. */
import { z } from 'zod/mini'
import { cutOutput } from '../cut.ts'
import type { CommandResult } from '../process.ts'
import { outputPath } from './files.ts'
import { placeBelow } from './path.ts'
import { defineTool } from './tool.ts'

const RUN_SECONDS_DEFAULT = 120
const RUN_SECONDS_MAX = 900
const SEARCH_SECONDS_MAX = 30
const SEARCH_LINES_MAX = 100
/** Of one matching line. */
const SEARCH_COLUMNS_MAX = 300

const text = z.string().check(z.minLength(1), z.maxLength(1000))

export const runTool = defineTool(
  'Run a bash command in the workspace; no network',
  () =>
    z.strictObject({
      command: z.string().check(z.minLength(1), z.maxLength(20_000)),
      seconds: z.optional(z.int().check(z.minimum(1), z.maximum(RUN_SECONDS_MAX))),
    }),
  async ({ command, seconds = RUN_SECONDS_DEFAULT }, place) => {
    const result = await place.sandbox.run(command, { timeoutMs: seconds * 1000, signal: place.signal })
    return describeResult(result, seconds)
  },
)

export const searchTool = defineTool(
  'Find lines by an extended regular expression',
  () => z.strictObject({ pattern: text, path: z.optional(text) }),
  async ({ pattern, path = '.' }, place) => {
    const found = await placeBelow(place.workDir, path)
    if ('problem' in found) return found.problem
    const script = `LC_ALL=C.UTF-8 grep -rnIE --exclude-dir=node_modules -e "$PATTERN" -- "$WHERE" | cut -c1-${SEARCH_COLUMNS_MAX} | head -n ${SEARCH_LINES_MAX + 1}`
    const result = await place.sandbox.run(script, {
      env: { PATTERN: pattern.replaceAll('\0', ''), WHERE: path },
      timeoutMs: SEARCH_SECONDS_MAX * 1000,
      signal: place.signal,
    })
    if (result.bytes === 0) return '[no match]'
    const lines = result.head.trimEnd().split('\n')
    const shown = lines.slice(0, SEARCH_LINES_MAX).map((line) => line.replace(/^\.\//, ''))
    const more = lines.length > SEARCH_LINES_MAX ? '\n[... more lines match; narrow the pattern or the path ...]' : ''
    return shown.join('\n') + more
  },
)

/** What a command did, for a model: how it ended, then what it printed. */
export function describeResult(result: CommandResult & { readonly number: number }, seconds: number): string {
  const output = cutOutput(result, `read it with path "${outputPath(result.number)}"`).trimEnd()
  const ended = {
    exited: `exit ${result.exitCode ?? 'by a signal'}`,
    'timed-out': `stopped after ${seconds} s`,
    stopped: 'stopped',
    'not-started': 'could not be started',
  }[result.ended]
  return output === '' ? `[${ended}]` : `${output}\n[${ended}]`
}
