/**
 * An upper bound of a request's input tokens that needs no tokenizer.
 *
 * Byte-level BPE, which is what chat models use, never makes more tokens of a text than it has UTF-8 bytes: every
 * token stands for at least one byte. A message's JSON is at least as long as its text, and its role and ids are in
 * it; the few tokens that a provider puts around each message are covered by `MESSAGE_TOKENS`. Tool definitions are
 * rendered by the provider in a form of its own, so they count double. Only text goes in (no images, no files, no
 * references to earlier answers), so nothing else can add to the input.
 *
 * Bytes are some four times the tokens of ordinary text. From the second call on the bound is therefore what the
 * provider reported for the identical prefix, plus the bytes of what was appended since.
 */
export const MESSAGE_TOKENS = 16
const REQUEST_TOKENS = 256

const encoder = new TextEncoder()

/** The bound of messages by their bytes alone; `messages` are JSON values as they will be sent. */
export function messagesTokensBound(messages: readonly unknown[]): number {
  return messages.reduce<number>((sum, message) => sum + utf8Bytes(JSON.stringify(message)) + MESSAGE_TOKENS, 0)
}

/** The bound of what is sent besides the messages: tool definitions and the request's own frame. */
export function frameTokensBound(tools: readonly unknown[]): number {
  return REQUEST_TOKENS + 2 * utf8Bytes(JSON.stringify(tools))
}

export function utf8Bytes(text: string): number {
  return encoder.encode(text).length
}
