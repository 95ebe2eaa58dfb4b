/** A chat completion request as it arrived. Only what scripts look at is named; the rest is kept as it was. */
export type ChatRequest = {
  model: string
  messages: ChatMessage[]
  stream?: boolean
  max_completion_tokens?: number
  tools?: { type: string; function: { name: string } }[]
  [field: string]: unknown
}

export type ChatMessage = {
  role: string
  content: string | { type: string; text?: string }[] | null
  tool_calls?: { id: string; function: { name: string; arguments: string } }[]
  tool_call_id?: string
}

/** Tokens, named as in OpenAI's answer. */
export type ModelUsage = { input: number; cached?: number; output: number; reasoning?: number }

export type ModelReply = {
  text?: string
  /** Instead of a text: that it will not answer. */
  refusal?: string
  /** What it thought, encrypted; the Responses API gives it to who asks. */
  thought?: string
  toolCalls?: { name: string; arguments: Record<string, unknown> | string }[]
  /** Counted with the o200k tokenizer over what was sent and answered when absent; `null` leaves it out. */
  usage?: ModelUsage | null
  finish?: 'stop' | 'length' | 'tool_calls' | 'content_filter'
  error?: { status: number; retryAfterSeconds?: number; message?: string }
  /** Ends the connection after this many bytes of the body. */
  cutAfterBytes?: number
  /** Accepts the request and never answers. */
  silent?: boolean
  /** Waits before answering. */
  delayMs?: number
}

export type Script = (request: ChatRequest) => ModelReply | undefined

/** `body`: the request byte for byte; `request`: as a chat, whichever interface it came by. */
export type ModelCall = {
  path: string
  body: string
  request: ChatRequest
  status: number
  reply: ModelReply | null
  authorization: string | null
}

export type ModelOptions = {
  /** Asked in order; the first that answers is used. When none does the answer is a 400 that says so. */
  scripts: Script[]
}

export type Model = {
  /** The `base-url` for a client: ends in `/v1`. */
  url: string
  /** Puts a script in front of the others. */
  use(script: Script): void
  /** Oldest first, the last 1,000. */
  calls(): ModelCall[]
  close(): Promise<void>
}
