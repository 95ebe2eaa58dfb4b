/** One model call: sent once, answered or failed, with what it used. The retries are the agent's, each metered. */
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai'
import { z } from 'zod/mini'
import type { Message } from '../core/input-bound.ts'
import type { CallOutcome } from '../core/meter.ts'
import type { PlanAgent } from '../core/plan.ts'
import type { ToolDefinition } from './tools/definitions.ts'
import { readUsage } from './usage.ts'

const CALL_TIMEOUT_MS = 600_000
const RETRY_AFTER_SECONDS_MAX = 60

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly argumentsJson: string
}

export interface ModelRequest {
  readonly agent: PlanAgent
  readonly messages: readonly Message[]
  readonly tools: readonly ToolDefinition[]
  readonly outputTokensMax: number
  /** Tools stay in the request, so that its prefix stays the same, but none may be called. */
  readonly answerOnly: boolean
  readonly signal: AbortSignal
}

export type ModelAnswer =
  | {
      readonly kind: 'answer'
      readonly text: string
      readonly toolCalls: readonly ToolCall[]
      readonly cut: boolean
      readonly outcome: CallOutcome
    }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly retryAfterMs: number | undefined
      readonly outcome: CallOutcome
    }
  | { readonly kind: 'stopped'; readonly outcome: CallOutcome }

export interface Model {
  call(request: ModelRequest): Promise<ModelAnswer>
}

/**
 * The parts of an answer that count; everything else a provider adds is left alone. Made when the first answer is
 * there, so that no request waits for it.
 */
const answerSchema = z.lazy(() =>
  z.object({
    choices: z
      .array(
        z.object({
          finish_reason: z.nullish(z.string()),
          message: z.object({
            content: z.nullish(z.string()),
            refusal: z.nullish(z.string()),
            tool_calls: z.nullish(
              z
                .array(
                  z.object({
                    id: z.string().check(z.maxLength(200)),
                    function: z.object({ name: z.string(), arguments: z.string() }),
                  }),
                )
                .check(z.maxLength(64)),
            ),
          }),
        }),
      )
      .check(z.minLength(1)),
  }),
)

export function openModel(apiKey: string, baseUrl: string | undefined, timeoutMs = CALL_TIMEOUT_MS): Model {
  const client = new OpenAI({ apiKey, ...(baseUrl && { baseURL: baseUrl }), maxRetries: 0, timeout: timeoutMs })
  const tier = hasServiceTiers(client.baseURL) ? { service_tier: 'default' as const } : {}
  return {
    async call(request) {
      try {
        // All that is ever sent: a field that is not here can't change the price.
        const answer: unknown = await client.chat.completions.create(
          {
            model: request.agent.model,
            messages: [...request.messages],
            tools: [...request.tools],
            max_completion_tokens: request.outputTokensMax,
            ...(request.agent.effort && { reasoning_effort: request.agent.effort }),
            ...(request.answerOnly && { tool_choice: 'none' as const }),
            ...tier,
          },
          { signal: request.signal },
        )
        return readAnswer(answer)
      } catch (error) {
        return readFailure(error)
      }
    },
  }
}

/**
 * Without a word about it OpenAI takes the tier that the key's project is set to, and a dearer one would break the
 * bound. Other providers of the same interface may refuse a field that they don't know.
 */
function hasServiceTiers(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl)
  return hostname === 'api.openai.com' || hostname.endsWith('.api.openai.com')
}

function readAnswer(answer: unknown): ModelAnswer {
  const outcome = readUsage(answer)
  const parsed = answerSchema.safeParse(answer)
  const choice = parsed.data?.choices[0]
  if (choice === undefined) {
    return { kind: 'failed', message: 'the provider’s answer is not a chat completion', retryAfterMs: 0, outcome }
  }
  const toolCalls = (choice.message.tool_calls ?? []).map((call) => ({
    id: call.id,
    name: call.function.name,
    argumentsJson: call.function.arguments,
  }))
  const text = choice.message.content ?? choice.message.refusal ?? ''
  return { kind: 'answer', text, toolCalls, cut: choice.finish_reason === 'length', outcome }
}

/**
 * Requests that a provider turned away at its door. Any other failure may have been worked on, a server's error among
 * them, and is billed at its reservation: rather too much than less than the provider bills.
 */
const NOT_BILLED = new Set([400, 401, 403, 404, 405, 413, 415, 422, 429])
const WORTH_RETRYING = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529])
/** Failures before a byte of the request was sent. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function readFailure(error: unknown): ModelAnswer {
  if (error instanceof APIUserAbortError) return { kind: 'stopped', outcome: { kind: 'unknown' } }
  if (error instanceof APIConnectionError) {
    const code = causeCode(error)
    const outcome: CallOutcome = code !== undefined && NEVER_SENT.has(code) ? { kind: 'unbilled' } : { kind: 'unknown' }
    return {
      kind: 'failed',
      message: `no answer from the provider (${code ?? error.message})`,
      retryAfterMs: 0,
      outcome,
    }
  }
  if (error instanceof APIError && typeof error.status === 'number') {
    const refusedAtTheDoor = NOT_BILLED.has(error.status) && error.error !== undefined
    return {
      kind: 'failed',
      message: `the provider answered ${error.status}: ${error.message.slice(0, 300)}`,
      retryAfterMs: WORTH_RETRYING.has(error.status) ? retryAfterMs(error.headers) : undefined,
      outcome: refusedAtTheDoor ? { kind: 'unbilled' } : { kind: 'unknown' },
    }
  }
  // A body that broke off or is no JSON surfaces as whatever parsing it threw.
  const message = error instanceof Error ? error.message : String(error)
  return {
    kind: 'failed',
    message: `the provider’s answer broke off (${message.slice(0, 200)})`,
    retryAfterMs: 0,
    outcome: { kind: 'unknown' },
  }
}

function causeCode(error: unknown): string | undefined {
  let cause: unknown = error
  for (let depth = 0; depth < 5 && cause instanceof Error; depth += 1) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
    cause = cause.cause
  }
  return undefined
}

function retryAfterMs(headers: Headers | undefined): number {
  const written = headers?.get('retry-after') ?? ''
  const seconds = /^\d{1,6}$/.test(written) ? Number(written) : (Date.parse(written) - Date.now()) / 1000
  if (!Number.isFinite(seconds)) return 0
  return Math.max(0, Math.min(seconds, RETRY_AFTER_SECONDS_MAX)) * 1000
}
