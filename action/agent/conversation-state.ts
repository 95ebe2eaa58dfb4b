/** A conversation's messages as a checkpoint keeps them, and back: byte for byte what was sent. */

import type { Message } from '../../core/money/input-bound.ts'
import { CALL_OUTPUT_TOKENS_MAX } from '../../core/money/meter.ts'
import type { CheckpointConversation, CheckpointMessage } from '../../core/session/checkpoint.ts'
import type { ToolCall } from '../model/model.ts'

/** An agent that had used all its turns gets them anew: whoever resumes it asks for more. */
export function turnsUsed(before: Pick<CheckpointConversation, 'turns'>, turnsMax: number): number {
  return before.turns < turnsMax ? before.turns : 0
}

/** An answer as chat completions take it back. */
export function assistantMessage(text: string, toolCalls: readonly ToolCall[]): Message {
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

type AssistantMessage = Extract<Message, { role: 'assistant' }>

export function toolCallsOf(message: AssistantMessage): ToolCall[] {
  if ('items' in message) {
    return message.items.flatMap((item) =>
      item.type === 'function_call' ? [{ id: item.call_id, name: item.name, argumentsJson: item.arguments }] : [],
    )
  }
  return (message.tool_calls ?? []).map((call) => ({
    id: call.id,
    name: call.function.name,
    argumentsJson: call.function.arguments,
  }))
}

export function textOf(message: AssistantMessage): string {
  if (!('items' in message)) return message.content ?? ''
  return message.items.map((item) => (item.type === 'message' ? item.content : '')).join('')
}

export function keptMessage(message: Message): CheckpointMessage {
  if (message.role === 'tool') return { role: 'tool', callId: message.tool_call_id, text: message.content }
  if (message.role !== 'assistant') return { role: message.role, text: message.content }
  const kept = { role: 'assistant' as const, text: textOf(message), toolCalls: toolCallsOf(message) }
  if (!('items' in message)) return kept
  return { ...kept, items: [...message.items], outputTokensMax: message.outputTokensMax }
}

export function restoredMessage(kept: CheckpointMessage): Message {
  if (kept.role === 'tool') return { role: 'tool', tool_call_id: kept.callId, content: kept.text }
  if (kept.role !== 'assistant') return { role: kept.role, content: kept.text }
  if (kept.items === undefined) return assistantMessage(kept.text, kept.toolCalls)
  return { role: 'assistant', items: kept.items, outputTokensMax: kept.outputTokensMax ?? CALL_OUTPUT_TOKENS_MAX }
}
