/** One request to the provider: sent with the key, answered by passing through what comes, told what it used. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { outcomeOfConnection, outcomeOfStatus } from '../../core/money/failed-call.ts'
import type { CallOutcome } from '../../core/money/meter.ts'
import type { ProviderKind } from '../../core/plan/agent-runtime.ts'
import type { Api } from '../../core/request/request.ts'
import { boundedFetch } from '../model/bounded-fetch.ts'
import { isOpenAiAddress } from '../model/own-address.ts'
import { AnswerReader, EventLines, parseJson } from './answer.ts'

const CALL_TIMEOUT_MS = 600_000

export interface Provider {
  readonly kind: ProviderKind
  /** Without a slash at its end; what comes after `/v1` of a path is put behind it. */
  readonly baseUrl: string
  readonly apiKey: string
  /** The paths whose calls can be bounded. */
  readonly paths: Readonly<Record<string, Api>>
  /** The path that counts tokens, at no cost. */
  readonly countPath?: string
  /** OpenAI's or Anthropic's own, where there are tiers of several prices and an error is not billed. */
  readonly isAtItsOwnAddress: boolean
}

const OPENAI = 'https://api.openai.com/v1'
const ANTHROPIC = 'https://api.anthropic.com/v1'

export function openAi(apiKey: string, baseUrl = OPENAI): Provider {
  return {
    kind: 'openai',
    baseUrl: baseUrl.replace(/\/+$/, ''),
    apiKey,
    paths: { '/v1/responses': 'responses' },
    isAtItsOwnAddress: isOpenAiAddress(baseUrl),
  }
}

/** `baseUrl` as Anthropic's own programs take it, which put `/v1` behind it themselves. */
export function anthropic(apiKey: string, baseUrl?: string): Provider {
  const base = baseUrl === undefined ? ANTHROPIC : `${baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`
  return {
    kind: 'anthropic',
    baseUrl: base,
    apiKey,
    paths: { '/v1/messages': 'messages' },
    countPath: '/v1/messages/count_tokens',
    isAtItsOwnAddress: new URL(base).hostname === 'api.anthropic.com',
  }
}

/** Betas that change what is answered and not what it costs. Others are left out of what is sent. */
const BETAS = new Set([
  'claude-code-20250219',
  'interleaved-thinking-2025-05-14',
  'fine-grained-tool-streaming-2025-05-14',
  'context-management-2025-06-27',
  'effort-2025-11-24',
  'thinking-token-count-2026-05-13',
  'prompt-caching-scope-2026-01-05',
])
/** Of an answer; what else a provider tells is between it and the holder of the key. */
const PASSED_ON = ['content-type', 'retry-after', 'request-id', 'x-request-id', 'x-should-retry']

export interface Upstream {
  readonly provider: Provider
  readonly path: string
  readonly body: object
  readonly asked: IncomingMessage
  readonly answer: ServerResponse
  readonly signal: AbortSignal
}

export interface Told {
  /** Sealed reasoning, before the agent has it. */
  onSeal(seal: string): void
  /** Once, and before the agent can know that its answer has ended: its next request may come right then. */
  onOutcome(outcome: CallOutcome): void
}

/** Resolves when the provider's answer has ended, also where the agent has gone away before: it is billed all the same. */
export async function sendUpstream(sent: Upstream, api: Api, told: Told): Promise<void> {
  const { provider, path, body, answer } = sent
  const signal = AbortSignal.any([sent.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)])
  let response: Response
  try {
    response = await boundedFetch(`${provider.baseUrl}${path.slice('/v1'.length)}`, {
      method: 'POST',
      headers: headersFor(sent),
      body: JSON.stringify(body),
      redirect: 'error',
      signal,
    })
  } catch (error) {
    told.onOutcome(signal.aborted ? { kind: 'unknown' } : outcomeOfConnection(error))
    answer.writeHead(502, { 'content-type': 'application/json' })
    answer.end(
      JSON.stringify({ type: 'error', error: { type: 'api_error', message: 'Purser: no answer from the provider' } }),
    )
    return
  }
  answer.writeHead(response.status, headersOf(response))
  if (!response.ok) return passError(response, provider, answer, told)
  return passAnswer(response, new AnswerReader(api, told.onSeal), answer, told)
}

/** Passed on as it comes; at its end, or where it breaks off, what it was. */
async function passAnswer(
  response: Response,
  reader: AnswerReader,
  answer: ServerResponse,
  { onOutcome }: Told,
): Promise<void> {
  const streams = /\bevent-stream\b/.test(response.headers.get('content-type') ?? '')
  const whole: Uint8Array[] = []
  const lines = new EventLines((event) => reader.read(event, false))
  let isTold = false
  const tell = (complete: boolean) => {
    if (isTold) return
    // Also where that throws: what it was is told once.
    isTold = true
    onOutcome(reader.outcome(complete))
  }
  try {
    for await (const chunk of response.body ?? []) {
      if (streams) lines.add(chunk)
      else whole.push(chunk)
      if (reader.ended) tell(true)
      await write(answer, chunk)
    }
  } catch {
    tell(false)
    answer.destroy()
    return
  }
  if (streams) lines.end()
  else reader.read(parseJson(Buffer.concat(whole).toString('utf8')), true)
  tell(true)
  answer.end()
}

/** An agent that has gone away is not waited for. */
async function write(answer: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (answer.destroyed || answer.write(chunk)) return
  const gone = new AbortController()
  await Promise.race([
    once(answer, 'drain', { signal: gone.signal }),
    once(answer, 'close', { signal: gone.signal }),
  ]).finally(() => gone.abort())
}

/** Providers quote keys in what they say of them. */
async function passError(
  response: Response,
  { apiKey, isAtItsOwnAddress }: Provider,
  answer: ServerResponse,
  { onOutcome }: Told,
): Promise<void> {
  const text = await response.text().catch(() => '')
  const said = parseJson(text)
  const isExplained = typeof said === 'object' && said !== null && 'error' in said
  onOutcome(
    outcomeOfStatus({
      status: response.status,
      said: isExplained ? JSON.stringify(said.error) : undefined,
      toItsOwnAddress: isAtItsOwnAddress,
    }),
  )
  answer.end(apiKey === '' ? text : text.replaceAll(apiKey, '[key]'))
}

function headersFor({ provider, asked }: Upstream): Record<string, string> {
  const plain = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    accept: asked.headers.accept ?? '*/*',
  }
  if (provider.kind === 'openai') return { ...plain, authorization: `Bearer ${provider.apiKey}` }
  const betas = String(asked.headers['anthropic-beta'] ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => BETAS.has(beta))
  return {
    ...plain,
    'x-api-key': provider.apiKey,
    'anthropic-version': String(asked.headers['anthropic-version'] ?? '2023-06-01'),
    ...(betas.length > 0 && { 'anthropic-beta': betas.join(',') }),
  }
}

function headersOf(response: Response): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
}
