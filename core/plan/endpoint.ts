/** What a provider's endpoint understands, as `models.endpoint` of `portfolios.yml` declares it. */
import { z } from 'zod/mini'
import { described } from '../config/described.ts'

export const endpointSchema = described(
  z.strictObject({
    api: described(
      z.optional(z.enum(['responses', 'chat-completions'])),
      'Which interface is spoken; left out, responses at OpenAI’s own address and chat-completions elsewhere',
    ),
    'output-limit': described(
      z.optional(z.enum(['max_completion_tokens', 'max_tokens'])),
      'The field of chat-completions that clamps the output; an endpoint that ignores it would break every cap',
    ),
    'structured-output': described(
      z.optional(z.boolean()),
      'false: answers by JSON Schema can’t be asked for by the request, so the prompt asks for them',
    ),
  }),
  'What the provider at `base-url` understands',
)
export type Endpoint = z.infer<typeof endpointSchema>
