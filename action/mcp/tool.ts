/** A tool of an MCP server as the model sees it: its definition bounded, its arguments checked, its answer cut. */
import { runInNewContext } from 'node:vm'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js'
import { Ajv, type ValidateFunction } from 'ajv'
import { offeredName } from '../../core/config/mcp.ts'
import { stripInvisible } from '../../core/inert.ts'
import { cutOutput, cutText } from '../tools/cut.ts'
import { outputPath } from '../tools/files.ts'
import type { ExtraTool, ToolPlace } from '../tools/tool.ts'

const CALL_TIMEOUT_MS = 120_000
/** Of the check of a call's arguments, during which nothing else goes on. */
const CHECK_TIMEOUT_MS = 200
/** Of one tool's input schema, as JSON. */
const SCHEMA_CHARACTERS_MAX = 8_000
const DESCRIPTION_CHARACTERS_MAX = 500
const ERROR_CHARACTERS_MAX = 1_000
/** Wrong arguments that are told at once. */
const PROBLEMS_MAX = 10

export function mcpTool(
  server: string,
  { name, description = '', inputSchema }: ListedTool,
  client: Client,
  place: ToolPlace,
): ExtraTool | { readonly problem: string } {
  const { $schema, ...parameters } = inputSchema
  const written = JSON.stringify(parameters)
  if (written.length > SCHEMA_CHARACTERS_MAX) {
    return {
      problem: `says what ${name} takes in ${written.length} characters; at most ${SCHEMA_CHARACTERS_MAX} can be sent with every request.`,
    }
  }
  if (stripInvisible(written).removed > 0) return { problem: `says what ${name} takes with invisible characters.` }
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false })
  let validate: ValidateFunction
  try {
    validate = ajv.compile(parameters)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return {
      problem: `says what ${name} takes by a schema that can’t be used: ${cutText(why, ERROR_CHARACTERS_MAX)}.`,
    }
  }
  const shown = cutText(stripInvisible(description).text, DESCRIPTION_CHARACTERS_MAX)
  return {
    definition: { type: 'function', function: { name: offeredName(server, name), description: shown, parameters } },
    async call(asked) {
      if (!isArguments(asked) || !isFit(validate, asked)) {
        const problems = ajv.errorsText(validate.errors?.slice(0, PROBLEMS_MAX), { dataVar: 'it' })
        return `error: ${isArguments(asked) ? problems : 'send one JSON object'}`
      }
      return answer(client, name, asked, place)
    },
  }
}

function isArguments(asked: unknown): asked is Record<string, unknown> {
  return typeof asked === 'object' && asked !== null && !Array.isArray(asked)
}

/**
 * A server's schema can have patterns that take for ever on what a model writes. What can't be told in time is left to the
 * server, which checks its arguments itself.
 */
function isFit(validate: ValidateFunction, asked: unknown): boolean {
  try {
    return runInNewContext('isFit()', { isFit: () => validate(asked) }, { timeout: CHECK_TIMEOUT_MS })
  } catch {
    return true
  }
}

/** Whatever the server does, there is an answer. */
async function answer(
  client: Client,
  name: string,
  written: Record<string, unknown>,
  { sandbox, signal }: ToolPlace,
): Promise<string> {
  try {
    const options = { timeout: CALL_TIMEOUT_MS, maxTotalTimeout: CALL_TIMEOUT_MS, signal }
    const result = await client.callTool({ name, arguments: written }, undefined, options)
    const shown = cutLong(textOf(result), sandbox)
    if (result.isError === true) return `error: ${shown}`
    return shown === '' ? '[it said nothing]' : shown
  } catch (error) {
    return `error: ${cutText(error instanceof Error ? error.message : String(error), ERROR_CHARACTERS_MAX)}`
  }
}

/** As a command's output; only what is cut is kept. */
function cutLong(text: string, sandbox: ToolPlace['sandbox']): string {
  const long = { head: text, tail: '', bytes: Buffer.byteLength(text) }
  if (cutOutput(long, '') === text) return text
  return cutOutput(long, `read it with path "${outputPath(sandbox.keepOutput(text))}"`)
}

/** What a model reads is text; of the rest it is told that it is there. */
function textOf({ content, structuredContent }: Awaited<ReturnType<Client['callTool']>>): string {
  const parts = (Array.isArray(content) ? content : []).map((part: Record<string, unknown>) => {
    if (part.type === 'text') return String(part.text)
    const { resource } = part
    if (typeof resource === 'object' && resource !== null && 'text' in resource) return String(resource.text)
    return `[${String(part.type)} left out]`
  })
  if (parts.length > 0 || structuredContent === undefined) return parts.join('\n')
  return JSON.stringify(structuredContent)
}
