/** OpenAI's chat completions, which every compatible provider speaks: the request, and the answer out of its chunks. */
import type OpenAI from 'openai'
import { z } from 'zod/mini'
import type { ChatMessage, Message } from '../../core/money/input-bound.ts'
import type { Endpoint } from '../../core/plan/endpoint.ts'
import { TOOL_CALLS_MAX } from '../../core/session/event-bounds.ts'
import { assistantMessage } from '../agent/conversation-state.ts'
import type { Answer, ModelAnswer, ModelApi, ModelRequest } from './model.ts'
import { failed } from './model-failure.ts'
import { readUsage } from './usage.ts'

const CALL_ID_CHARACTERS_MAX = 200

export function chatApi(endpoint: Endpoint): ModelApi {
  const limit = endpoint['output-limit'] ?? 'max_completion_tokens'
  return {
    path: '/chat/completions',
    body: (request) => chatBody(request, limit),
    async read(stream) {
      const collected = new Collected()
      const whole = await stream.whole()
      if (whole !== undefined) {
        collected.add(whole)
        return collected.answer(true)
      }
      for await (const chunk of stream.events()) collected.add(chunk)
      return collected.answer(stream.hasEndMark)
    },
  }
}

function chatBody(request: ModelRequest, limit: 'max_completion_tokens' | 'max_tokens') {
  const { agent, messages, tools, format, answerOnly } = request
  return {
    model: agent.model,
    messages: messages.map(chatMessage),
    ...(tools.length > 0 && { tools: [...tools] }),
    [limit]: request.outputTokensMax,
    stream_options: { include_usage: true },
    ...(agent.effort && { reasoning_effort: agent.effort }),
    ...(format && { response_format: { type: 'json_schema' as const, json_schema: { ...format } } }),
    ...(answerOnly && tools.length > 0 && { tool_choice: 'none' as const }),
  } satisfies Omit<OpenAI.ChatCompletionCreateParams, 'stream'>
}

function chatMessage(message: Message): ChatMessage {
  if ('items' in message) throw new TypeError('an answer of the Responses API in a chat')
  return message
}

/**
 * The parts of an answer that count; everything else a provider adds is left alone. Made when the first answer is
 * there, so that no request waits for it.
 */
const chunkSchema = z.lazy(() => {
  const part = z.object({
    content: z.nullish(z.string()),
    refusal: z.nullish(z.string()),
    tool_calls: z.nullish(
      z
        .array(
          z.object({
            index: z.nullish(z.int()),
            id: z.nullish(z.string().check(z.maxLength(CALL_ID_CHARACTERS_MAX))),
            function: z.nullish(z.object({ name: z.nullish(z.string()), arguments: z.nullish(z.string()) })),
          }),
        )
        .check(z.maxLength(TOOL_CALLS_MAX)),
    ),
  })
  const choice = z.object({ finish_reason: z.nullish(z.string()), delta: z.nullish(part), message: z.nullish(part) })
  return z.object({ choices: z.nullish(z.array(choice)) })
})
type Part = NonNullable<NonNullable<z.infer<typeof chunkSchema>['choices']>[number]['delta']>

interface OpenCall {
  readonly index: number | undefined
  id: string
  name: string
  argumentsJson: string
}

/** An answer as far as it has come. */
class Collected {
  #text = ''
  #refusal = ''
  readonly #calls: OpenCall[] = []
  #finish: string | undefined
  #hasChoice = false
  #isMalformed = false
  /** The newest; some providers report it with every chunk, others with a last one without choices. */
  #usage: unknown

  add(chunk: unknown): void {
    if (typeof chunk === 'object' && chunk !== null && 'usage' in chunk && chunk.usage != null)
      this.#usage = chunk.usage
    const parsed = chunkSchema.safeParse(chunk)
    if (!parsed.success) {
      this.#isMalformed = true
      return
    }
    const choice = parsed.data.choices?.[0]
    if (choice === undefined) return
    this.#hasChoice = true
    this.#finish = choice.finish_reason ?? this.#finish
    const part = choice.delta ?? choice.message
    if (part) this.#addPart(part)
  }

  #addPart({ content, refusal, tool_calls }: Part): void {
    this.#text += content ?? ''
    this.#refusal += refusal ?? ''
    for (const written of tool_calls ?? []) {
      const call = this.#callFor(written.index ?? undefined, written.id ?? '')
      call.name += written.function?.name ?? ''
      call.argumentsJson += written.function?.arguments ?? ''
    }
    if (this.#calls.length > TOOL_CALLS_MAX) this.#isMalformed = true
  }

  /** A piece belongs to the call of its index; where providers leave that out or repeat it, a new id begins a new call. */
  #callFor(index: number | undefined, id: string): OpenCall {
    const there = index === undefined ? this.#calls.at(-1) : this.#calls.findLast((call) => call.index === index)
    if (there !== undefined && (id === '' || there.id === '' || there.id === id)) {
      if (there.id === '') there.id = id
      return there
    }
    const call = { index, id, name: '', argumentsJson: '' }
    this.#calls.push(call)
    return call
  }

  /** `isWhole`: its end was marked as such. Without that what it used is unknown, whatever it reported. */
  answer(isWhole: boolean): ModelAnswer {
    const outcome = isWhole ? readUsage({ usage: this.#usage }) : { kind: 'unknown' as const }
    if (!isWhole && this.#finish === undefined) return failed('the provider’s answer broke off', { kind: 'unknown' })
    if (this.#isMalformed || !this.#hasChoice) return failed('the provider’s answer is not a chat completion', outcome)
    const toolCalls = this.#calls.map(({ id, name, argumentsJson }, at) => ({
      id: id || `call_${at}`,
      name,
      argumentsJson,
    }))
    const text = this.#text === '' ? this.#refusal : this.#text
    const refused = toolCalls.length === 0 && (this.#refusal !== '' || this.#finish === 'content_filter')
    return {
      kind: 'answer',
      text,
      toolCalls,
      cut: this.#finish === 'length',
      refused,
      message: assistantMessage(text, toolCalls),
      outcome,
    } satisfies Answer
  }
}
