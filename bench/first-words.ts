/** How many tokens the first request spends on Purser's own words: the system text and the tools, before the task. */
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { z } from 'zod'

const requestSchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  tools: z.array(z.unknown()),
})

export interface FirstWords {
  readonly ownTokens: number
  readonly systemTokens: number
  readonly toolTokens: number
}

/** `body`: a chat completion request as it was sent. */
export function countFirstWords(body: string): FirstWords {
  const request = requestSchema.parse(JSON.parse(body))
  const system = request.messages.filter((message) => message.role === 'system').map((message) => message.content)
  const systemTokens = encode(system.join('\n')).length
  const toolTokens = encode(JSON.stringify(request.tools)).length
  return { ownTokens: systemTokens + toolTokens, systemTokens, toolTokens }
}
