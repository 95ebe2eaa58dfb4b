/** `purser parse`: what would this comment do? With `--jsonl` for many comments, one JSON string a line. */
import { readBuiltInLayer } from '../catalog/built-in.ts'
import { COMMENT_BYTES_MAX, parseComment } from '../core/command/command.ts'
import { commandProblem, invalidProblem } from '../core/command/command-problem.ts'
import type { Configuration } from '../core/config/configuration.ts'
import { loadConfiguration } from '../core/config/load.ts'
import { isRefusal } from '../core/reason.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { ParseOptions } from './commands/parse.ts'
import { type ExitCode, endRefused, exitCodes, printJson } from './exit.ts'
import { linesOf } from './lines.ts'

/** A comment as JSON may take six bytes (`\u0000`) for each of its own. Anything longer is no comment. */
const LINE_BYTES_MAX = 6 * COMMENT_BYTES_MAX + 2

export interface Parsed {
  readonly kind: 'command' | 'none' | 'invalid'
  readonly verb: string | null
  readonly workflow: string | null
  readonly variant: string | null
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Record<string, string>>
  readonly text: string | null
  readonly problem: string | null
  /** Whom `ask` asks; of no other verb. */
  readonly agent?: string
}

const NOTHING = { verb: null, workflow: null, variant: null, inputs: {}, overrides: {}, text: null, problem: null }

export async function parse({ dir, json, jsonl }: ParseOptions): Promise<ExitCode> {
  const asJson = jsonl ? 'line' : json
  const checkout = readCheckout(dir)
  if (isRefusal(checkout)) return endRefused(checkout, asJson)
  const configuration = checkout.declared ? declaredConfiguration(checkout) : builtIn()
  if (isRefusal(configuration)) return endRefused(configuration, asJson)
  if (jsonl) {
    for await (const line of linesOf(process.stdin, LINE_BYTES_MAX)) {
      // Waiting for the reader keeps memory bounded however long the input is.
      const more = process.stdout.write(`${JSON.stringify(parseLine(line, configuration))}\n`)
      if (!more) await new Promise((resolve) => process.stdout.once('drain', resolve))
    }
    return exitCodes.done
  }
  const parsed = parseBody(await wholeInput(), configuration)
  if (json) printJson(parsed)
  else process.stdout.write(`${words(parsed)}\n`)
  return parsed.kind === 'invalid' ? exitCodes.refused : exitCodes.done
}

/** `undefined` stands for a line that was too long to keep. */
function parseLine(line: string | undefined, configuration: Configuration): Parsed {
  if (line === undefined) return invalid(`The line is longer than ${LINE_BYTES_MAX} bytes.`)
  let body: unknown
  try {
    body = JSON.parse(line)
  } catch {
    return invalid('The line is not JSON; expected one JSON string; for example "/agent list".')
  }
  if (typeof body !== 'string')
    return invalid('The line is not a JSON string; expected one; for example "/agent list".')
  return parseBody(body, configuration)
}

function parseBody(body: string, configuration: Configuration): Parsed {
  const parsed = parseComment(body)
  if (parsed.kind === 'none') return { kind: 'none', ...NOTHING }
  if (parsed.kind === 'invalid') return invalid(invalidProblem(parsed, configuration))
  const problem = commandProblem(parsed, configuration)
  if (problem !== undefined) return invalid(problem)
  const { kind, verb, workflow, variant, inputs, overrides, text, agent } = parsed
  const asked = agent === null ? {} : { agent }
  return { kind, verb, workflow, variant, inputs, overrides, text, ...asked, problem: null }
}

function invalid(problem: string): Parsed {
  return { kind: 'invalid', ...NOTHING, problem }
}

function words(parsed: Parsed): string {
  if (parsed.kind === 'none') return 'No command: nothing would happen.'
  if (parsed.kind === 'invalid') return `Not a command as it stands: ${parsed.problem}`
  const target = [parsed.workflow ?? parsed.agent, parsed.variant].filter((part) => part != null).join('/')
  const given = Object.entries({ ...parsed.inputs, ...parsed.overrides }).map(([name, value]) => `  ${name}: ${value}`)
  const text = parsed.text === null ? [] : [`  text: ${parsed.text}`]
  return [`${parsed.verb} ${target}`.trimEnd(), ...given, ...text].join('\n')
}

function builtIn(): Configuration {
  const loaded = loadConfiguration([readBuiltInLayer()], '1970-01-01')
  if ('problems' in loaded) throw new Error('the built-in catalog has problems')
  return loaded.configuration
}

/** A comment on standard input, with the newline that a shell adds taken off; one byte more than allowed at most. */
async function wholeInput(): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > COMMENT_BYTES_MAX + 1) break
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}
