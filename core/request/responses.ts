/** OpenAI's Responses interface: what of it can be bounded. Nothing that refers to what the provider keeps or fetches. */
import { z } from 'zod/mini'
import {
  type BoundedRequest,
  describeIssues,
  framePart,
  itemPart,
  type Part,
  type SealedTokens,
  sumSealed,
  type Unbounded,
} from './request.ts'

const id = z.nullish(z.string())
const status = z.nullish(z.string())

const textPart = z.strictObject({
  type: z.enum(['input_text', 'output_text', 'summary_text', 'reasoning_text']),
  text: z.string(),
  annotations: z.optional(z.unknown()),
  logprobs: z.optional(z.unknown()),
})
const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })
const parts = z.array(z.union([textPart, refusalPart]))
const textOrParts = z.union([z.string(), parts])

const messageItem = z.strictObject({
  type: z.optional(z.literal('message')),
  id,
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: textOrParts,
  status,
  phase: z.nullish(z.string()),
})
const callItem = z.strictObject({
  type: z.enum(['function_call', 'custom_tool_call']),
  id,
  call_id: z.string(),
  name: z.string(),
  namespace: z.nullish(z.string()),
  arguments: z.optional(z.string()),
  input: z.optional(z.string()),
  status,
})
const outputItem = z.strictObject({
  type: z.enum(['function_call_output', 'custom_tool_call_output']),
  id,
  call_id: z.string(),
  name: z.nullish(z.string()),
  output: textOrParts,
  status,
})
/** Without its sealed content the provider would look up what it keeps under the `id`. */
const reasoningItem = z.strictObject({
  type: z.literal('reasoning'),
  id,
  summary: parts,
  content: z.nullish(parts),
  encrypted_content: z.string(),
  status,
})
const item = z.union([messageItem, callItem, outputItem, reasoningItem])

const ownTool = z.strictObject({
  type: z.enum(['function', 'custom']),
  name: z.string(),
  description: z.nullish(z.string()),
  parameters: z.optional(z.unknown()),
  format: z.optional(z.unknown()),
  strict: z.nullish(z.boolean()),
})
const toolGroup = z.strictObject({
  type: z.literal('namespace'),
  name: z.string(),
  description: z.nullish(z.string()),
  tools: z.array(ownTool),
})

const requestSchema = z.lazy(() =>
  z.strictObject({
    model: z.string(),
    input: z.union([z.string(), z.array(item)]),
    instructions: z.nullish(z.string()),
    tools: z.nullish(z.array(z.union([ownTool, toolGroup]))),
    tool_choice: z.optional(z.unknown()),
    parallel_tool_calls: z.nullish(z.boolean()),
    reasoning: z.nullish(
      z.strictObject({ effort: z.nullish(z.string()), summary: z.nullish(z.string()), context: z.nullish(z.string()) }),
    ),
    text: z.nullish(z.strictObject({ format: z.optional(z.unknown()), verbosity: z.nullish(z.string()) })),
    max_output_tokens: z.nullish(z.int().check(z.positive())),
    temperature: z.nullish(z.number()),
    top_p: z.nullish(z.number()),
    stream: z.nullish(z.boolean()),
    stream_options: z.nullish(z.strictObject({ include_obfuscation: z.optional(z.boolean()) })),
    include: z.nullish(z.array(z.literal('reasoning.encrypted_content'))),
    store: z.nullish(z.literal(false)),
    background: z.nullish(z.literal(false)),
    truncation: z.nullish(z.literal('disabled')),
    service_tier: z.nullish(z.literal('default')),
    previous_response_id: z.optional(z.null()),
    conversation: z.optional(z.null()),
    prompt_cache_key: z.nullish(z.string()),
    safety_identifier: z.nullish(z.string()),
    client_metadata: z.optional(z.unknown()),
    metadata: z.optional(z.unknown()),
    user: z.nullish(z.string()),
  }),
)
type Item = z.infer<typeof item>

export function boundResponses(body: unknown, sealedTokens: SealedTokens): BoundedRequest | Unbounded {
  const parsed = requestSchema.safeParse(body)
  if (!parsed.success) return { problem: describeIssues(parsed.error.issues) }
  const { model, input, stream, max_output_tokens, tools, text, client_metadata, metadata, ...rest } = parsed.data
  const items = boundItems(typeof input === 'string' ? [{ role: 'user', content: input }] : input, sealedTokens)
  if ('problem' in items) return items
  return {
    model,
    stream: stream === true,
    outputTokensAsked: max_output_tokens ?? undefined,
    frame: framePart(rest, { tools, text }),
    items,
  }
}

function boundItems(items: readonly Item[], sealedTokens: SealedTokens): Part[] | Unbounded {
  const bounded: Part[] = []
  for (const one of items) {
    const sealed = sumSealed('encrypted_content' in one ? [one.encrypted_content] : [], sealedTokens)
    if (typeof sealed !== 'number') return sealed
    bounded.push(itemPart(one, piecesOf(one), 'call_id' in one ? [one] : [], sealed))
  }
  return bounded
}

function piecesOf(one: Item): number {
  if ('content' in one && Array.isArray(one.content)) return one.content.length
  return 'output' in one && Array.isArray(one.output) ? one.output.length : 1
}

/** The request with an output limit, without being kept, and at the rates that the price list knows. */
export function limitResponses(body: object, outputTokensMax: number, serviceTiers: boolean): object {
  return {
    ...body,
    max_output_tokens: outputTokensMax,
    store: false,
    ...(serviceTiers && { service_tier: 'default' }),
  }
}
