import type { ChatRequest, ModelReply, Script } from './model-contract.ts'

/** A turn of a conversation: what the model says, or a function that looks at the request first. */
export type Turn = ModelReply | ((request: ChatRequest) => ModelReply)

/**
 * A script for the conversation whose first user message contains `words` (or matches). The turn is chosen by how
 * often the assistant has spoken in the request, so that runs may interleave on one server and a retry gets the same
 * answer again. After the last turn the last one is said again.
 */
export function conversation(words: string | RegExp, turns: [Turn, ...Turn[]]): Script {
  return (request) => {
    const first = firstUserText(request)
    const ours = typeof words === 'string' ? first.includes(words) : words.test(first)
    if (!ours) return undefined
    const spoken = request.messages.filter((message) => message.role === 'assistant').length
    const turn = turns[Math.min(spoken, turns.length - 1)] ?? turns[0]
    return typeof turn === 'function' ? turn(request) : turn
  }
}

/** Answers the first `times` requests of `script` with `fault` instead, then lets it go on. */
export function failing(script: Script, fault: ModelReply, times = 1): Script {
  let left = times
  return (request) => {
    const reply = script(request)
    if (reply === undefined || left === 0) return reply
    left -= 1
    return fault
  }
}

export function firstUserText(request: ChatRequest): string {
  return textOf(request.messages.find((message) => message.role === 'user')?.content ?? '')
}

/** The last thing a tool answered, or an empty string. */
export function lastToolText(request: ChatRequest): string {
  return textOf(request.messages.findLast((message) => message.role === 'tool')?.content ?? '')
}

function textOf(content: string | { type: string; text?: string }[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('')
}
