/** OpenAI's chat completions: what of them can be bounded. Text alone, and tools that the caller carries out. */
import { z } from 'zod/mini'
import { type BoundedRequest, describeIssues, framePart, itemPart, type Unbounded } from './request.ts'

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() })
const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })
const content = z.union([z.string(), z.array(z.union([textPart, refusalPart]))])
const name = z.nullish(z.string())

const toolCall = z.strictObject({
  id: z.string(),
  index: z.optional(z.int()),
  type: z.optional(z.enum(['function', 'custom'])),
  function: z.optional(z.strictObject({ name: z.string(), arguments: z.string() })),
  custom: z.optional(z.strictObject({ name: z.string(), input: z.string() })),
})
const message = z.union([
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content, name }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.nullish(content),
    refusal: z.nullish(z.string()),
    name,
    tool_calls: z.nullish(z.array(toolCall)),
  }),
  z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string(), name }),
])

const tool = z.strictObject({
  type: z.enum(['function', 'custom']),
  function: z.optional(z.unknown()),
  custom: z.optional(z.unknown()),
})

const requestSchema = z.lazy(() =>
  z.strictObject({
    model: z.string(),
    messages: z.array(message),
    tools: z.nullish(z.array(tool)),
    tool_choice: z.optional(z.unknown()),
    parallel_tool_calls: z.nullish(z.boolean()),
    response_format: z.optional(z.unknown()),
    reasoning_effort: z.nullish(z.string()),
    verbosity: z.nullish(z.string()),
    max_completion_tokens: z.nullish(z.int().check(z.positive())),
    max_tokens: z.nullish(z.int().check(z.positive())),
    temperature: z.nullish(z.number()),
    top_p: z.nullish(z.number()),
    frequency_penalty: z.nullish(z.number()),
    presence_penalty: z.nullish(z.number()),
    seed: z.nullish(z.int()),
    stop: z.optional(z.unknown()),
    n: z.nullish(z.literal(1)),
    stream: z.nullish(z.boolean()),
    stream_options: z.nullish(
      z.strictObject({ include_usage: z.optional(z.boolean()), include_obfuscation: z.optional(z.boolean()) }),
    ),
    store: z.nullish(z.literal(false)),
    service_tier: z.nullish(z.literal('default')),
    prompt_cache_key: z.nullish(z.string()),
    safety_identifier: z.nullish(z.string()),
    metadata: z.optional(z.unknown()),
    user: z.nullish(z.string()),
  }),
)

export function boundChatCompletion(body: unknown): BoundedRequest | Unbounded {
  const parsed = requestSchema.safeParse(body)
  if (!parsed.success) return { problem: describeIssues(parsed.error.issues) }
  const { model, messages, stream, stream_options, max_tokens, max_completion_tokens, ...frame } = parsed.data
  const { tools, response_format, metadata, ...rest } = frame
  return {
    model,
    stream: stream === true,
    outputTokensAsked: max_completion_tokens ?? max_tokens ?? undefined,
    frame: framePart(rest, { tools, response_format }),
    items: messages.map((one) => {
      const calls = 'tool_calls' in one ? (one.tool_calls ?? []) : []
      return itemPart(one, Array.isArray(one.content) ? one.content.length : 1, calls, 0)
    }),
  }
}

/** The request with an output limit, with usage at the end of a stream, and at the rates that the price list knows. */
export function limitChatCompletion(body: object, outputTokensMax: number, serviceTiers: boolean): object {
  const { max_tokens: _, ...rest } = { max_tokens: undefined, ...body }
  return {
    ...rest,
    max_completion_tokens: outputTokensMax,
    store: false,
    ...('stream' in body && body.stream === true && { stream_options: { include_usage: true } }),
    ...(serviceTiers && { service_tier: 'default' }),
  }
}
