/** The Responses API on top of scripts that are written for chat completions: the request read, the answer written. */
import type { ChatMessage, ChatRequest, ModelReply } from './model-contract.ts'
import { completion } from './model-reply.ts'

type Item = { type?: string; role?: string; content?: unknown; [field: string]: unknown }
export type ResponsesRequest = {
  model: string
  input: Item[]
  tools?: { name: string; description?: string; parameters: unknown }[]
  max_output_tokens?: number
  stream?: boolean
  include?: string[]
}

/** What a script is shown: the same conversation as a chat. */
export function asChat(asked: ResponsesRequest): ChatRequest {
  const messages: ChatMessage[] = []
  let open: ChatMessage | undefined
  for (const item of asked.input) {
    if (item.role === 'system' || item.role === 'user' || item.type === 'function_call_output') {
      open = undefined
      messages.push(
        item.type === 'function_call_output'
          ? { role: 'tool', tool_call_id: String(item.call_id), content: String(item.output) }
          : { role: item.role ?? 'user', content: String(item.content) },
      )
      continue
    }
    if (open === undefined) {
      open = { role: 'assistant', content: null }
      messages.push(open)
    }
    if (item.type === 'message') open.content = String(item.content)
    if (item.type === 'function_call') {
      const call = {
        id: String(item.call_id),
        function: { name: String(item.name), arguments: String(item.arguments) },
      }
      open.tool_calls = [...(open.tool_calls ?? []), call]
    }
  }
  const tools = asked.tools?.map(({ name, description, parameters }) => {
    return { type: 'function', function: { name, description, parameters } }
  })
  const { tools: _, ...rest } = asked
  return { ...rest, messages, ...(tools && { tools }) }
}

/** The response as it stands at the end. */
export function response(asked: ResponsesRequest, chat: ChatRequest, reply: ModelReply) {
  const made = completion(chat, reply)
  const [choice] = made.choices
  const id = made.id.replace('chatcmpl-', '')
  const thinks = asked.include?.includes('reasoning.encrypted_content') === true && reply.thought !== undefined
  const content = reply.refusal
    ? [{ type: 'refusal', refusal: reply.refusal }]
    : [{ type: 'output_text', text: reply.text ?? '', annotations: [] }]
  const output = [
    ...(thinks ? [{ type: 'reasoning', id: `rs_${id}`, summary: [], encrypted_content: reply.thought }] : []),
    ...(reply.text !== undefined || reply.refusal !== undefined
      ? [{ type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed', content }]
      : []),
    ...(choice?.message.tool_calls ?? []).map((call) => ({
      type: 'function_call',
      id: `fc_${call.id}`,
      call_id: call.id,
      name: call.function.name,
      arguments: call.function.arguments,
      status: 'completed',
    })),
  ]
  const why = { length: 'max_output_tokens', content_filter: 'content_filter' }[String(reply.finish)]
  const { usage } = made
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: made.created,
    model: asked.model,
    status: why === undefined ? 'completed' : 'incomplete',
    incomplete_details: why === undefined ? null : { reason: why },
    error: null,
    output,
    ...(usage && {
      usage: {
        input_tokens: usage.prompt_tokens,
        input_tokens_details: { cached_tokens: usage.prompt_tokens_details.cached_tokens },
        output_tokens: usage.completion_tokens,
        output_tokens_details: { reasoning_tokens: usage.completion_tokens_details.reasoning_tokens },
        total_tokens: usage.total_tokens,
      },
    }),
  }
}

/** The same as events. */
export function responseEvents(asked: ResponsesRequest, chat: ChatRequest, reply: ModelReply): string {
  const whole = response(asked, chat, reply)
  const begun = { ...whole, status: 'in_progress', output: [], usage: null, incomplete_details: null }
  const events: { type: string; [field: string]: unknown }[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
  ]
  whole.output.forEach((item, output_index) => {
    events.push({ type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress' } })
    if ('content' in item && reply.text !== undefined) {
      for (const delta of reply.text.match(/[\s\S]{1,24}/g) ?? []) {
        events.push({ type: 'response.output_text.delta', output_index, content_index: 0, delta })
      }
    }
    if ('arguments' in item) {
      events.push({ type: 'response.function_call_arguments.delta', output_index, delta: item.arguments })
    }
    events.push({ type: 'response.output_item.done', output_index, item })
  })
  events.push({ type: `response.${whole.status}`, response: whole })
  return events
    .map((event, sequence_number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)
    .join('')
}
