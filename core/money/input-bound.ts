/**
 * An upper bound of a request's input tokens that needs no tokenizer.
 *
 * Why it is one: every token that a chat model reads stands for at least one byte of the text, since the tokenizers in
 * use are byte-level BPE, or BPE over characters that falls back to bytes. Some bring the text into a normal form of
 * Unicode first (NFC, NFKC), which can be longer than what was written; that growth is added. The JSON in which a
 * message is sent is never shorter than its text, and the few tokens that a provider puts around each message are
 * covered by `MESSAGE_TOKENS`. Tool definitions and tool calls are rendered by the provider in a form of its own, so
 * they count double. What a model thought comes back encrypted, so its bytes say nothing for sure: it counts as its
 * bytes and as all the output that the call was allowed which made it, of which it was a part. Only `Message` goes in:
 * text, no images, no files, no references to earlier answers, so nothing else can add to the input.
 *
 * Bytes are some four times the tokens of ordinary text. From the second call on the bound is therefore what the
 * provider reported for the identical prefix, plus the bytes of what was appended since. That rests on the provider's
 * own word: one that counts the same text differently from call to call can bill more than the bound. Nothing sent can
 * rule that out; the meter sees it at the first such answer, counts it as overage and lets nothing more be sent.
 */

/** A message of a conversation. The type is closed: what is not named here has no bound and is never sent. */
export type Message = ChatMessage | AnswerItems

/** As chat completions take it. */
export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string | null; readonly tool_calls?: ToolCallMessage[] }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }

/** An answer of the Responses API, in parts and in its order, since its reasoning has to come back where it stood. */
export interface AnswerItems {
  readonly role: 'assistant'
  readonly items: readonly AnswerItem[]
  /** The output limit of the call that made it. */
  readonly outputTokensMax: number
}

export type AnswerItem =
  | { readonly type: 'message'; readonly role: 'assistant'; readonly content: string }
  | { readonly type: 'function_call'; readonly call_id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'reasoning'; readonly summary: []; readonly encrypted_content: string }

export interface ToolCallMessage {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

export const MESSAGE_TOKENS = 16
/**
 * The frame of a request, with what a provider adds unseen. The most that is known is Anthropic's prompt for tools: 804 tokens
 * where one of them has to be called, of Opus 4.7 (platform.claude.com, "Tool use with Claude", July 2026). A wanted form of
 * the answer adds another, of a length that nobody states; there is room for as much again.
 */
export const REQUEST_TOKENS = 1_536

const encoder = new TextEncoder()
const ASCII_ONLY = /^\p{ASCII}*$/u
const NOT_ASCII = /\P{ASCII}+/gu

export function messageTokensBound(message: Message): number {
  if ('items' in message) return itemsTokensBound(message)
  const toolCalls = message.role === 'assistant' && message.tool_calls !== undefined ? message.tool_calls : []
  const renderedAnew = toolCalls.length === 0 ? 0 : jsonTokensBound(toolCalls)
  return jsonTokensBound(message) + renderedAnew + MESSAGE_TOKENS
}

function itemsTokensBound({ items, outputTokensMax }: AnswerItems): number {
  const thought = items.some(({ type }) => type === 'reasoning') ? outputTokensMax : 0
  return 2 * jsonTokensBound(items) + thought + MESSAGE_TOKENS * (items.length + 1)
}

/** The bound of what is sent besides the messages: tool definitions and the request's own frame. */
export function frameTokensBound(tools: readonly unknown[]): number {
  return REQUEST_TOKENS + 2 * jsonTokensBound(tools)
}

/**
 * The bound of a conversation that is only ever appended to. Each message is looked at once, when it is appended, so
 * that no call's bound takes longer for a longer history.
 */
export class ConversationBound {
  /** By the bytes alone: the bound of the frame and the first so many messages. */
  readonly #byBytes: number[]
  /** What the provider reported for the first `count` messages. */
  #known: { readonly count: number; readonly tokens: number } | undefined

  constructor(tools: readonly unknown[]) {
    this.#byBytes = [frameTokensBound(tools)]
  }

  append(message: Message): void {
    this.#byBytes.push(this.#bytesBound(this.#byBytes.length - 1) + messageTokensBound(message))
  }

  /** The bound of the first `count` messages. */
  upTo(count: number): number {
    const known = this.#known
    if (known === undefined || known.count > count) return this.#bytesBound(count)
    return known.tokens + this.#bytesBound(count) - this.#bytesBound(known.count)
  }

  /**
   * The provider has reported `inputTokens` for the first `count` messages. A longer prefix can't have fewer tokens
   * than a shorter one, so a report that falls lowers nothing.
   */
  learn(count: number, inputTokens: number): void {
    this.#known = { count, tokens: Math.max(inputTokens, this.#known?.tokens ?? 0) }
  }

  #bytesBound(count: number): number {
    const bound = this.#byBytes[count]
    if (bound === undefined) throw new RangeError(`the conversation has no ${count} messages`)
    return bound
  }
}

/** The UTF-8 bytes of a value's JSON, and what a normal form of Unicode could add to them. */
export function jsonTokensBound(value: unknown): number {
  const json = JSON.stringify(value)
  return ASCII_ONLY.test(json) ? json.length : utf8Bytes(json) + normalFormGrowth(json)
}

/**
 * How many bytes more the text can have in NFC or NFKC. Each stretch beyond ASCII counts by itself and only where it
 * grows: an ASCII letter before it that takes up its marks makes it shorter, never longer.
 */
function normalFormGrowth(text: string): number {
  let growth = 0
  for (const [stretch] of text.matchAll(NOT_ASCII)) {
    const [nfc, nfkc] = [stretch.normalize('NFC'), stretch.normalize('NFKC')]
    if (nfc === stretch && nfkc === stretch) continue
    growth += Math.max(0, utf8Bytes(nfc) - utf8Bytes(stretch), utf8Bytes(nfkc) - utf8Bytes(stretch))
  }
  return growth
}

function utf8Bytes(text: string): number {
  return encoder.encode(text).length
}
