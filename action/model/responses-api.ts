/**
 * OpenAI's Responses API, without its memory: nothing is stored and no earlier answer referred to, since what a server
 * adds by itself has no bound. What a model thought comes back encrypted and goes along with the next request.
 */
import type OpenAI from 'openai'
import { z } from 'zod/mini'
import type { AnswerItem, Message } from '../../core/money/input-bound.ts'
import { TOOL_CALLS_MAX } from '../../core/session/event-bounds.ts'
import type { Answer, ModelAnswer, ModelApi, ModelRequest } from './model.ts'
import { failed } from './model-failure.ts'
import { readResponseUsage } from './usage.ts'

type Params = OpenAI.Responses.ResponseCreateParams
const ITEMS_MAX = 200
const CALL_ID_CHARACTERS_MAX = 200

export function responsesApi(): ModelApi {
  /** Models that don't reason refuse to be asked for it. */
  let asksForReasoning = true
  return {
    path: '/responses',
    body: (request) => responseBody(request, asksForReasoning),
    async read(stream, request) {
      const collected = new Collected(request.outputTokensMax)
      const whole = await stream.whole()
      if (whole !== undefined) collected.addWhole(whole)
      else
        for await (const event of stream.events()) {
          collected.add(event)
          // How the connection ends after that says nothing about it.
          if (collected.hasEnded) break
        }
      return collected.answer()
    },
    refused(message) {
      if (!asksForReasoning || !/encrypted.content/i.test(message)) return false
      asksForReasoning = false
      return true
    },
  }
}

function responseBody({ agent, messages, tools, format, outputTokensMax, answerOnly }: ModelRequest, reasons: boolean) {
  return {
    model: agent.model,
    input: messages.flatMap(inputItems),
    ...(tools.length > 0 && {
      tools: tools.map(({ function: { name, description, parameters } }) => ({
        type: 'function' as const,
        name,
        description,
        parameters,
        // The default would refuse arguments that may be left out.
        strict: false,
      })),
    }),
    max_output_tokens: outputTokensMax,
    store: false,
    ...(reasons && { include: ['reasoning.encrypted_content' as const] }),
    ...(agent.effort && { reasoning: { effort: agent.effort } }),
    ...(format && { text: { format: { type: 'json_schema' as const, ...format } } }),
    ...(answerOnly && tools.length > 0 && { tool_choice: 'none' as const }),
  } satisfies Omit<Params, 'stream'>
}

function inputItems(message: Message): OpenAI.Responses.ResponseInputItem[] {
  switch (message.role) {
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.tool_call_id, output: message.content }]
    case 'assistant':
      if (!('items' in message)) throw new TypeError('an answer of chat completions among those of the Responses API')
      // The package's type wants a reasoning item's id, which would refer to what was not stored.
      return [...message.items] as OpenAI.Responses.ResponseInputItem[]
    default:
      return [{ role: message.role, content: message.content }]
  }
}

/** The parts of events that count. Made when the first answer is there, so that no request waits for it. */
const itemSchema = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('message'),
      content: z.array(z.object({ type: z.string(), text: z.nullish(z.string()), refusal: z.nullish(z.string()) })),
    }),
    z.object({
      type: z.literal('function_call'),
      call_id: z.string().check(z.maxLength(CALL_ID_CHARACTERS_MAX)),
      name: z.string(),
      arguments: z.string(),
    }),
    z.object({ type: z.literal('reasoning'), encrypted_content: z.nullish(z.string()) }),
  ]),
)
type Item = z.infer<typeof itemSchema>

const responseSchema = z.lazy(() =>
  z.object({
    status: z.enum(['completed', 'incomplete', 'failed', 'cancelled']),
    output: z.nullish(z.array(z.unknown())),
    error: z.nullish(z.object({ code: z.nullish(z.string()), message: z.nullish(z.string()) })),
    incomplete_details: z.nullish(z.object({ reason: z.nullish(z.string()) })),
    usage: z.optional(z.unknown()),
  }),
)
type Response = z.infer<typeof responseSchema>

const eventSchema = z.lazy(() =>
  z.object({ type: z.string(), item: z.optional(z.unknown()), response: z.optional(z.unknown()) }),
)
const ENDS = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** An answer as far as it has come. */
class Collected {
  readonly #outputTokensMax: number
  readonly #items: Item[] = []
  #end: Response | undefined
  #isMalformed = false

  constructor(outputTokensMax: number) {
    this.#outputTokensMax = outputTokensMax
  }

  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  add(written: unknown): void {
    const event = eventSchema.safeParse(written)
    if (!event.success) return
    if (event.data.type === 'response.output_item.done') this.#addItem(event.data.item)
    if (ENDS.has(event.data.type)) this.addWhole(event.data.response)
  }

  /** The response that ends the events, which most providers repeat all items in, or all there is of one that does not stream. */
  addWhole(response: unknown): void {
    const parsed = responseSchema.safeParse(response)
    if (!parsed.success) {
      this.#isMalformed = true
      return
    }
    this.#end = parsed.data
    if (this.#items.length === 0) for (const item of parsed.data.output ?? []) this.#addItem(item)
  }

  #addItem(written: unknown): void {
    const item = itemSchema.safeParse(written)
    if (item.success && this.#items.length < ITEMS_MAX) this.#items.push(item.data)
    else this.#isMalformed = true
  }

  answer(): ModelAnswer {
    const end = this.#end
    if (end === undefined) return failed('the provider’s answer broke off', { kind: 'unknown' })
    const outcome = readResponseUsage({ usage: end.usage })
    if (end.status === 'failed' || end.status === 'cancelled') {
      const { code, message } = end.error ?? {}
      return failed(`the provider’s answer failed: ${message ?? code ?? 'it does not say why'}`, outcome, {
        retryAfterMs: 0,
        code: code ?? undefined,
      })
    }
    const calls = this.#items.filter(({ type }) => type === 'function_call').length
    if (this.#isMalformed || calls > TOOL_CALLS_MAX)
      return failed('the provider’s answer is not of the Responses API', outcome)
    return this.#toAnswer(end, outcome)
  }

  #toAnswer(end: Response, outcome: Answer['outcome']): Answer {
    const contents = this.#items.flatMap((item) => (item.type === 'message' ? item.content : []))
    const said = contents.map(({ text }) => text ?? '').join('')
    const refusal = contents.map((part) => part.refusal ?? '').join('')
    const toolCalls = this.#items.flatMap((item) =>
      item.type === 'function_call' ? [{ id: item.call_id, name: item.name, argumentsJson: item.arguments }] : [],
    )
    const why = end.status === 'incomplete' ? end.incomplete_details?.reason : undefined
    return {
      kind: 'answer',
      text: said === '' ? refusal : said,
      toolCalls,
      cut: why === 'max_output_tokens',
      refused: toolCalls.length === 0 && (refusal !== '' || why === 'content_filter'),
      message: { role: 'assistant', items: this.#items.flatMap(keptItem), outputTokensMax: this.#outputTokensMax },
      outcome,
    }
  }
}

/** Only fields that have a bound go back; ids would refer to what was not stored. */
function keptItem(item: Item): AnswerItem[] {
  switch (item.type) {
    case 'message': {
      const content = item.content.map(({ text, refusal }) => text ?? refusal ?? '').join('')
      return content === '' ? [] : [{ type: 'message', role: 'assistant', content }]
    }
    case 'function_call':
      return [{ type: 'function_call', call_id: item.call_id, name: item.name, arguments: item.arguments }]
    case 'reasoning':
      return item.encrypted_content
        ? [{ type: 'reasoning', summary: [], encrypted_content: item.encrypted_content }]
        : []
  }
}
