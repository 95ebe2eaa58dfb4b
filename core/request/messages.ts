/** Anthropic's Messages interface: what of it can be bounded. Text, thinking, and tools that the caller carries out. */
import { z } from 'zod/mini'
import {
  type BoundedRequest,
  describeIssues,
  framePart,
  itemPart,
  type LimitedRequest,
  type Part,
  type SealedTokens,
  sumSealed,
  type Unbounded,
} from './request.ts'

/** Kept for five minutes: an hour costs more than the `written` rate of a price. */
const cacheControl = z.nullish(
  z.strictObject({ type: z.literal('ephemeral'), ttl: z.optional(z.literal('5m')), scope: z.optional(z.string()) }),
)
const textBlock = z.strictObject({ type: z.literal('text'), text: z.string(), cache_control: cacheControl })
const thinkingBlock = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() })
const redactedBlock = z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() })
const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z.unknown(),
  caller: z.optional(z.strictObject({ type: z.literal('direct') })),
  cache_control: cacheControl,
})
const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.optional(z.union([z.string(), z.array(textBlock)])),
  is_error: z.nullish(z.boolean()),
  cache_control: cacheControl,
})
const block = z.union([textBlock, thinkingBlock, redactedBlock, toolUseBlock, toolResultBlock])
const message = z.strictObject({
  role: z.enum(['user', 'assistant', 'system']),
  content: z.union([z.string(), z.array(block)]),
})
type Block = z.infer<typeof block>

const tool = z.strictObject({
  type: z.optional(z.literal('custom')),
  name: z.string(),
  description: z.optional(z.string()),
  input_schema: z.unknown(),
  strict: z.optional(z.boolean()),
  eager_input_streaming: z.optional(z.boolean()),
  cache_control: cacheControl,
})

/** Only edits that take something away: the provider's own compaction is a model call of its own. */
const contextEdit = z.strictObject({
  type: z.enum(['clear_thinking_20251015', 'clear_tool_uses_20250919']),
  keep: z.optional(z.unknown()),
  trigger: z.optional(z.unknown()),
  clear_at_least: z.optional(z.unknown()),
  clear_tool_inputs: z.optional(z.unknown()),
  exclude_tools: z.optional(z.unknown()),
})

/** All that the provider reads, or is told about how to read and to answer. */
const read = () => ({
  model: z.string(),
  messages: z.array(message),
  system: z.optional(z.union([z.string(), z.array(textBlock)])),
  tools: z.optional(z.array(tool)),
  tool_choice: z.optional(z.unknown()),
  thinking: z.optional(
    z.strictObject({
      type: z.enum(['enabled', 'disabled', 'adaptive']),
      budget_tokens: z.optional(z.int()),
      display: z.nullish(z.string()),
    }),
  ),
  output_config: z.optional(z.strictObject({ effort: z.optional(z.string()), format: z.optional(z.unknown()) })),
  context_management: z.nullish(z.strictObject({ edits: z.optional(z.array(contextEdit)) })),
  cache_control: cacheControl,
})

const requestSchema = z.lazy(() =>
  z.strictObject({
    ...read(),
    max_tokens: z.int().check(z.positive()),
    temperature: z.optional(z.number()),
    top_p: z.optional(z.number()),
    top_k: z.optional(z.int()),
    stop_sequences: z.optional(z.array(z.string())),
    stream: z.optional(z.boolean()),
    service_tier: z.optional(z.enum(['auto', 'standard_only'])),
    metadata: z.optional(z.unknown()),
  }),
)

/** What `POST /v1/messages/count_tokens` takes; it costs nothing. */
const countSchema = z.lazy(() => z.strictObject(read()))

export function isCountRequest(body: unknown): body is { readonly model: string } {
  return countSchema.safeParse(body).success
}

export function boundMessages(body: unknown, sealedTokens: SealedTokens): BoundedRequest | Unbounded {
  const parsed = requestSchema.safeParse(body)
  if (!parsed.success) return { problem: describeIssues(parsed.error.issues) }
  const { model, max_tokens, messages, stream, metadata, cache_control, system, tools, output_config, ...rest } =
    parsed.data
  const items: Part[] = []
  for (const one of messages) {
    const bounded = boundMessage(one, sealedTokens)
    if ('problem' in bounded) return bounded
    items.push(bounded)
  }
  return {
    model,
    stream: stream === true,
    outputTokensAsked: max_tokens,
    frame: framePart(
      { ...rest, system: Array.isArray(system) ? system.map(unmarked) : system },
      { tools: tools?.map(unmarked), output_config },
    ),
    items,
  }
}

function boundMessage({ role, content }: z.infer<typeof message>, sealedTokens: SealedTokens): Part | Unbounded {
  const blocks: readonly Block[] = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
  const sealed = sumSealed(blocks.flatMap(sealOf), sealedTokens)
  if (typeof sealed !== 'number') return sealed
  const calls = blocks.filter((one) => one.type === 'tool_use')
  const pieces = blocks.reduce((sum, one) => sum + piecesOf(one), 0)
  return itemPart({ role, content: blocks.map(unmarkedBlock) }, pieces, calls, sealed)
}

/** A tool's result may be given in pieces of its own. */
function piecesOf(one: Block): number {
  return one.type === 'tool_result' && Array.isArray(one.content) ? 1 + one.content.length : 1
}

function sealOf(one: Block): string[] {
  if (one.type === 'thinking') return [one.signature]
  return one.type === 'redacted_thinking' ? [one.data] : []
}

/**
 * Where a prompt is cached moves from call to call and changes nothing of what is read. Only the provider's own marks are
 * that: the same word within a tool's input or schema is text like any other, which is read and billed.
 */
function unmarked<T extends object>(part: T & { readonly cache_control?: unknown }): object {
  const { cache_control, ...read } = part
  return read
}

function unmarkedBlock(one: Block): object {
  if (one.type !== 'tool_result' || !Array.isArray(one.content)) return unmarked(one)
  return unmarked({ ...one, content: one.content.map(unmarked) })
}

const THINKING_TOKENS_MIN = 1024

/**
 * The request with an output limit, thinking within it, and at the rates that the price list knows. Where it thinks less than
 * was asked the provider may read less: without thinking, nothing of what was thought before.
 */
export function limitMessages(body: object, outputTokensMax: number, serviceTiers: boolean): LimitedRequest {
  const limited = {
    ...body,
    max_tokens: outputTokensMax,
    ...(serviceTiers && { service_tier: 'standard_only' }),
  }
  const asked = 'thinking' in body ? body.thinking : undefined
  const budget = typeof asked === 'object' && asked !== null && 'budget_tokens' in asked ? asked : undefined
  if (budget === undefined || Number(budget.budget_tokens) < outputTokensMax)
    return { body: limited, isReadAsAsked: true }
  const most = outputTokensMax - 1
  const thinking = most < THINKING_TOKENS_MIN ? { type: 'disabled' } : { ...budget, budget_tokens: most }
  return { body: { ...limited, thinking }, isReadAsAsked: false }
}
