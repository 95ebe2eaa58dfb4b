/** How each command-line agent is started: told where its meter is, with its own sandbox, updates and telemetry off. */
import type { AgentRuntime } from '../../core/plan/agent-runtime.ts'
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { Door } from '../sandbox/sandbox.ts'
import { parseJson } from './answer.ts'

/** The most output of one answer, as the meter allows it as well. */
const OUTPUT_TOKENS = '16000'

export interface AgentCommand {
  /** For `bash`; all that varies stands in `env`. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly door: Door
}

export interface CommandTexts {
  /** Files with the system text and with the task, which the program may read. */
  readonly systemFile: string
  readonly promptFile: string
}

export function agentCommand(
  agent: PlanAgent & { readonly runtime: AgentRuntime },
  program: string,
  socket: string,
  texts: CommandTexts,
): AgentCommand {
  const env = { AGENT: program, MODEL: agent.model, SYSTEM: texts.systemFile, PROMPT: texts.promptFile }
  return agent.runtime === 'codex' ? codex(agent, env, socket) : claudeCode(agent, env, socket)
}

/** The key that it is given opens nothing; the meter has the real one. */
const NO_KEY = 'held-by-the-meter'

function codex({ effort }: PlanAgent, env: Record<string, string>, socket: string): AgentCommand {
  const settings = [
    'model_provider="purser"',
    'web_search="disabled"',
    'project_doc_max_bytes=0',
    'analytics.enabled=false',
    'check_for_update_on_startup=false',
    ...(effort === undefined ? [] : [`model_reasoning_effort="${effort}"`]),
  ]
  const provider =
    '-c "model_providers.purser={name=\\"purser\\",base_url=\\"$METER/v1\\",wire_api=\\"responses\\",env_key=\\"METER_KEY\\",request_max_retries=2,stream_max_retries=2}"'
  const script = [
    'exec "$AGENT" exec --json --ephemeral --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox',
    '--disable multi_agent --disable goals -m "$MODEL"',
    provider,
    // JSON is TOML here: both write a text with the same escapes.
    '-c "developer_instructions=$(cat "$SYSTEM.json")"',
    ...settings.map((setting) => `-c '${setting}'`),
    '- < "$PROMPT"',
  ].join(' ')
  return { script, env: { ...env, METER_KEY: NO_KEY }, door: { socket, env: { METER: 'http://{address}' } } }
}

/** Claude Code's name of each of our tools. */
const CLAUDE_TOOLS: Record<string, string> = {
  read: 'Read',
  list: 'Glob',
  search: 'Grep',
  edit: 'Edit',
  write: 'Write',
  run: 'Bash',
}

function claudeCode({ effort, tools, model }: PlanAgent, env: Record<string, string>, socket: string): AgentCommand {
  const names = tools.flatMap((tool) => CLAUDE_TOOLS[tool] ?? [])
  const script = [
    'exec "$AGENT" -p --bare --output-format json --no-session-persistence --strict-mcp-config',
    `--dangerously-skip-permissions --tools "${names.join(',')}" --model "$MODEL"`,
    ...(effort === undefined ? [] : [`--effort ${effort === 'minimal' ? 'low' : effort}`]),
    '--append-system-prompt-file "$SYSTEM" < "$PROMPT"',
  ].join(' ')
  return {
    script,
    env: {
      ...env,
      ANTHROPIC_API_KEY: NO_KEY,
      ANTHROPIC_SMALL_FAST_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: OUTPUT_TOKENS,
      CLAUDE_CODE_MAX_RETRIES: '3',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      ENABLE_TOOL_SEARCH: 'false',
      // It is confined, which it would not believe of a container's root.
      IS_SANDBOX: '1',
    },
    door: { socket, env: { ANTHROPIC_BASE_URL: 'http://{address}' } },
  }
}

/** What a program's output says at its end. */
export interface Spoken {
  readonly text: string
  /** In its own words, why it failed; undefined where it did not. */
  readonly failure: string | undefined
}

/** `output`: the last of what it printed; a first line that is cut is left out. */
export function readSpoken(runtime: AgentRuntime, output: string): Spoken {
  let text = ''
  let failure: string | undefined
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue
    const event = parseJson(line)
    const said = runtime === 'codex' ? readCodex(event) : readClaude(event)
    text = said?.text ?? text
    if (said !== undefined && 'failure' in said) failure = said.failure
  }
  return { text, failure }
}

type Json = Readonly<Record<string, unknown>>
type Said = { readonly text?: string; readonly failure?: string | undefined }

function readCodex(event: unknown): Said | undefined {
  if (!isJson(event)) return undefined
  if (event.type === 'item.completed' && isJson(event.item) && event.item.type === 'agent_message') {
    return { text: String(event.item.text ?? '') }
  }
  if (event.type === 'turn.completed') return { failure: undefined }
  if (event.type !== 'turn.failed') return undefined
  return { failure: isJson(event.error) ? String(event.error.message ?? '') : 'it failed' }
}

function readClaude(event: unknown): Said | undefined {
  if (!isJson(event) || event.type !== 'result') return undefined
  const result = typeof event.result === 'string' ? event.result : ''
  return event.is_error === true
    ? { failure: result || String(event.subtype ?? '') }
    : { text: result, failure: undefined }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
