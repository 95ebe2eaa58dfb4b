/** The tools that start a process, always in the sandbox: `run` and `search`. */
import { z } from 'zod/mini'
import { type CommandResult, FLOODED } from '../sandbox/process.ts'
import { cutOutput } from './cut.ts'
import { outputPath } from './files.ts'
import { placeBelow } from './path.ts'
import { defineTool } from './tool.ts'

const RUN_SECONDS_DEFAULT = 120
const RUN_SECONDS_MAX = 900
const SEARCH_SECONDS_MAX = 30
const SEARCH_LINES_MAX = 100
const SEARCH_CHARACTERS_MAX = 8_000
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
    const { write, hosts } = place.reach
    const result = await place.sandbox.run(command, {
      timeoutMs: seconds * 1000,
      network: hosts,
      onlyReads: !write,
      signal: place.signal,
    })
    return describeResult(result, seconds)
  },
  'changes',
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
      onlyReads: true,
      signal: place.signal,
    })
    const stopped =
      result.ended === 'exited' ? '' : `[stopped after ${SEARCH_SECONDS_MAX} s; narrow the pattern or the path]`
    if (result.bytes === 0) return stopped || '[no match]'
    const lines = result.head.trimEnd().split('\n')
    const shown = fitting(lines.map((line) => line.replace(/^\.\//, '')))
    const more = shown.length < lines.length ? '[... more lines match; narrow the pattern or the path ...]' : stopped
    return more === '' ? shown.join('\n') : `${shown.join('\n')}\n${more}`
  },
  'only reads',
)

/** As many lines from the first as there is room for. */
function fitting(lines: readonly string[]): readonly string[] {
  let room = SEARCH_CHARACTERS_MAX
  const count = lines.findIndex((line, index) => {
    room -= line.length + 1
    return room < 0 || index >= SEARCH_LINES_MAX
  })
  return count < 0 ? lines : lines.slice(0, count)
}

/** What a command did, for a model: how it ended, then what it printed. */
export function describeResult(result: CommandResult & { readonly number: number }, seconds: number): string {
  const output = cutOutput(result, `read it with path "${outputPath(result.number)}"`).trimEnd()
  const ended = {
    exited: `exit ${result.exitCode ?? 'by a signal'}`,
    'timed-out': `stopped after ${seconds} s`,
    stopped: 'stopped',
    flooded: FLOODED,
    'not-started': 'could not be started',
  }[result.ended]
  return output === '' ? `[${ended}]` : `${output}\n[${ended}]`
}
