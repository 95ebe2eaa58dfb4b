import { createHash } from 'node:crypto'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import type { ChatRequest, ModelReply, ModelUsage } from './model-contract.ts'

type ToolCall = { id: string; type: 'function'; function: { name: string; arguments: string } }

/** Characters of text in one chunk of a stream. */
const chunkChars = 24

/** Providers answer from their cache for prompts above this, in steps of 128. */
const cacheTokensMin = 1_024
const cacheStepTokens = 128

/** The body of an answer that isn't streamed. */
export function completion(asked: ChatRequest, reply: ModelReply) {
  const tool_calls = toolCallsOf(asked, reply)
  const message = {
    role: 'assistant',
    content: reply.text ?? null,
    refusal: reply.refusal ?? null,
    ...(tool_calls.length > 0 ? { tool_calls } : {}),
  }
  const usage = usageOf(asked, reply, tool_calls)
  return {
    id: idOf(asked),
    object: 'chat.completion',
    created: 1_760_000_000,
    model: asked.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(reply, tool_calls) }],
    ...(usage === null ? {} : { usage }),
  }
}

/** The body of a streamed answer, as server-sent events. Usage comes last and only when asked for, as at OpenAI. */
export function completionChunks(asked: ChatRequest, reply: ModelReply): string {
  const tool_calls = toolCallsOf(asked, reply)
  const base = { id: idOf(asked), object: 'chat.completion.chunk', created: 1_760_000_000, model: asked.model }
  const delta = (change: unknown, finish_reason: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta: change, logprobs: null, finish_reason }],
  })
  const events: unknown[] = [delta({ role: 'assistant', content: reply.text === undefined ? null : '' })]
  for (const part of pieces(reply.text ?? '')) events.push(delta({ content: part }))
  if (reply.refusal !== undefined) events.push(delta({ refusal: reply.refusal }))
  tool_calls.forEach((call, index) => {
    events.push(delta({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] }))
    for (const part of pieces(call.function.arguments))
      events.push(delta({ tool_calls: [{ index, function: { arguments: part } }] }))
  })
  events.push(delta({}, finishOf(reply, tool_calls)))
  const usage = usageOf(asked, reply, tool_calls)
  const wanted = (asked.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true
  if (wanted && usage !== null) events.push({ ...base, choices: [], usage })
  return [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'].join('')
}

const pieces = (text: string): string[] => text.match(new RegExp(`[\\s\\S]{1,${chunkChars}}`, 'g')) ?? []

/** The same request gets the same ids, so that recorded runs compare. */
const idOf = (asked: ChatRequest): string => `chatcmpl-${digest(JSON.stringify(asked.messages))}`

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24)

function toolCallsOf(asked: ChatRequest, reply: ModelReply): ToolCall[] {
  return (reply.toolCalls ?? []).map((call, index) => ({
    id: `call_${digest(`${asked.messages.length}/${index}/${JSON.stringify(call)}`)}`,
    type: 'function',
    function: {
      name: call.name,
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    },
  }))
}

const finishOf = (reply: ModelReply, toolCalls: ToolCall[]): string =>
  reply.finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop')

function usageOf(asked: ChatRequest, reply: ModelReply, toolCalls: ToolCall[]) {
  if (reply.usage === null) return null
  const { input, cached = 0, output, reasoning = 0 } = reply.usage ?? counted(asked, reply, toolCalls)
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** What was sent and said, counted by the tokenizer; a long prompt's earlier messages count as cached. */
function counted(asked: ChatRequest, reply: ModelReply, toolCalls: ToolCall[]): ModelUsage {
  const sizes = asked.messages.map((message) => countTokens(JSON.stringify(message)))
  const tools = asked.tools === undefined ? 0 : countTokens(JSON.stringify(asked.tools))
  const sum = (some: number[]): number => some.reduce((total, size) => total + size, 0)
  const input = tools + sum(sizes)
  const spoken = asked.messages.findLastIndex((message) => message.role === 'assistant')
  const before = spoken < 0 ? 0 : tools + sum(sizes.slice(0, spoken))
  const cached = before < cacheTokensMin ? 0 : Math.floor(before / cacheStepTokens) * cacheStepTokens
  const output = countTokens((reply.text ?? '') + toolCalls.map((call) => JSON.stringify(call.function)).join(''))
  return { input, cached, output: Math.max(1, output) }
}
