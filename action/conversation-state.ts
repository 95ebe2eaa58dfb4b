/** A conversation's messages as a checkpoint keeps them, and back: byte for byte what was sent. */
import type { CheckpointMessage } from '../core/checkpoint.ts'
import type { Message } from '../core/input-bound.ts'
import type { ToolCall } from './model.ts'

export function assistantMessage({
  text,
  toolCalls,
}: {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
}): Message {
  if (toolCalls.length === 0) return { role: 'assistant', content: text }
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    tool_calls: toolCalls.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.argumentsJson },
    })),
  }
}

export function keptMessage(message: Message): CheckpointMessage {
  if (message.role === 'tool') return { role: 'tool', callId: message.tool_call_id, text: message.content }
  if (message.role !== 'assistant') return { role: message.role, text: message.content }
  const toolCalls = (message.tool_calls ?? []).map((call) => ({
    id: call.id,
    name: call.function.name,
    argumentsJson: call.function.arguments,
  }))
  return { role: 'assistant', text: message.content ?? '', toolCalls }
}

export function restoredMessage(kept: CheckpointMessage): Message {
  if (kept.role === 'tool') return { role: 'tool', tool_call_id: kept.callId, content: kept.text }
  if (kept.role === 'assistant') return assistantMessage(kept)
  return { role: kept.role, content: kept.text }
}
