/** One model call: sent once, answered or failed, with what it used. The retries are the agent's, each metered. */
import OpenAI from 'openai'
import type { Message } from '../../core/money/input-bound.ts'
import type { CallOutcome } from '../../core/money/meter.ts'
import type { Endpoint } from '../../core/plan/endpoint.ts'
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { AnswerFormat } from '../agent/answer-format.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { chatApi } from './chat-api.ts'
import { type CallFailed, readFailure } from './model-failure.ts'
import { AnswerStream } from './model-stream.ts'
import { isOpenAiAddress } from './own-address.ts'
import { responsesApi } from './responses-api.ts'

const CALL_TIMEOUT_MS = 600_000

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly argumentsJson: string
}

/** What the model is told of a tool, in the form of chat completions. */
export interface ToolDefinition {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description: string
    readonly parameters: Record<string, unknown>
  }
}

export interface ModelRequest {
  readonly agent: PlanAgent
  readonly messages: readonly Message[]
  readonly tools: readonly ToolDefinition[]
  /** The JSON Schema that the last answer has to satisfy. */
  readonly format?: AnswerFormat | undefined
  readonly outputTokensMax: number
  /** Tools stay in the request, so that its prefix stays the same, but none may be called. */
  readonly answerOnly: boolean
  readonly signal: AbortSignal
}

/** What a provider answered, read by one of its interfaces. */
export interface Answer {
  readonly kind: 'answer'
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  /** It reached the output limit. */
  readonly cut: boolean
  /** The model, or a filter behind it, would not answer. */
  readonly refused: boolean
  /** The same as the conversation takes it up. */
  readonly message: Message
  readonly outcome: CallOutcome
}

export type ModelAnswer = Answer | CallFailed | { readonly kind: 'stopped'; readonly outcome: CallOutcome }

export interface Model {
  /** Whether an answer's JSON Schema goes with the request; else the prompt has to ask for it. */
  readonly takesFormat: boolean
  /** Where it answers: two providers may count one conversation differently. */
  readonly address: string
  call(request: ModelRequest): Promise<ModelAnswer>
}

/** One of the provider's interfaces: what is sent, all of it, and how the events of the answer are read. */
export interface ModelApi {
  readonly path: string
  /** All that is ever sent: a field that is not here can't change the price. */
  body(request: ModelRequest): Record<string, unknown>
  read(stream: AnswerStream, request: ModelRequest): Promise<ModelAnswer>
  /** Told of a request that the provider turned away, so that the next one can do without what it does not know. */
  refused?(message: string): boolean
}

export function openModel(
  apiKey: string,
  baseUrl: string | undefined,
  endpoint: Endpoint = {},
  timeoutMs = CALL_TIMEOUT_MS,
): Model {
  const client = new OpenAI({
    apiKey,
    ...(baseUrl && { baseURL: baseUrl }),
    maxRetries: 0,
    timeout: timeoutMs,
    // What a provider answers is a stranger's text; in a job's log it could be taken for a command.
    logLevel: 'off',
    fetch: boundedFetch,
  })
  const isOpenAi = isOpenAiAddress(client.baseURL)
  // Without a word about it OpenAI takes the tier that the key's project is set to, and a dearer one would break the bound. Other
  // providers of the same interface may refuse a field that they don't know.
  const tier = isOpenAi ? { service_tier: 'default' as const } : {}
  const api =
    (endpoint.api ?? (isOpenAi ? 'responses' : 'chat-completions')) === 'responses' ? responsesApi() : chatApi(endpoint)
  return {
    takesFormat: endpoint['structured-output'] ?? true,
    address: client.baseURL,
    async call(request) {
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), timeoutMs)
      const signal = AbortSignal.any([request.signal, deadline.signal])
      try {
        const body = { ...api.body(request), stream: true, ...tier }
        const response = await client.post(api.path, { body, stream: true, signal }).asResponse()
        const answer = await api.read(new AnswerStream(response, client), request)
        if (!signal.aborted) return answer
        throw new Error('the call was ended')
      } catch (error) {
        if (request.signal.aborted) return { kind: 'stopped', outcome: { kind: 'unknown' } }
        const failure = readFailure(error, deadline.signal.aborted ? timeoutMs : undefined, isOpenAi)
        return api.refused?.(failure.message) ? { ...failure, retryAfterMs: 0 } : failure
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
