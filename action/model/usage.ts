/**
 * What a provider says that a call used, in the words of several of them. It is read so that spend is never understated:
 * what may or may not be counted already is taken at its most, and what can be read in two ways is unknown, so that the
 * call is billed at its reservation.
 */
import { z } from 'zod/mini'
import { type CallOutcome, isPlausible } from '../../core/money/meter.ts'
import type { Usage } from '../../core/run/run.ts'

/** Made when the first answer is there, so that no request waits for it. */
const usageSchema = z.lazy(() => {
  const tokens = z.int().check(z.nonnegative())
  return z.object({
    prompt_tokens: tokens,
    completion_tokens: tokens,
    total_tokens: z.nullish(tokens),
    prompt_tokens_details: z.nullish(z.object({ cached_tokens: z.nullish(tokens) })),
    completion_tokens_details: z.nullish(z.object({ reasoning_tokens: z.nullish(tokens) })),
    /** DeepSeek's word for what of the prompt was cached. */
    prompt_cache_hit_tokens: z.nullish(tokens),
    /** Anthropic's words, whose own interface counts both beside the input. Gateways keep them, and some count them in. */
    cache_creation_input_tokens: z.nullish(tokens),
    cache_read_input_tokens: z.nullish(tokens),
  })
})
type Reported = z.infer<typeof usageSchema>

/** Missing, malformed, ambiguous and impossible usage is unknown, and unknown usage is billed at the reservation. */
export function readUsage(answer: unknown): CallOutcome {
  const parsed = z.object({ usage: usageSchema }).safeParse(answer)
  const usage = parsed.success ? billed(parsed.data.usage) : undefined
  return usage !== undefined && isPlausible(usage) ? { kind: 'reported', usage } : { kind: 'unknown' }
}

const responseUsageSchema = z.lazy(() => {
  const tokens = z.int().check(z.nonnegative())
  return z.object({
    input_tokens: tokens,
    output_tokens: tokens,
    total_tokens: z.nullish(tokens),
    input_tokens_details: z.nullish(z.object({ cached_tokens: z.nullish(tokens) })),
    output_tokens_details: z.nullish(z.object({ reasoning_tokens: z.nullish(tokens) })),
  })
})

/** The same of the Responses API, which has other words for it. */
export function readResponseUsage(answer: unknown): CallOutcome {
  const parsed = z.object({ usage: responseUsageSchema }).safeParse(answer)
  if (!parsed.success) return { kind: 'unknown' }
  const { input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details } = parsed.data.usage
  return readUsage({
    usage: {
      prompt_tokens: input_tokens,
      completion_tokens: output_tokens,
      total_tokens,
      prompt_tokens_details: input_tokens_details,
      completion_tokens_details: output_tokens_details,
    },
  })
}

function billed(said: Reported): Usage | undefined {
  const input = billedInput(said)
  if (input === undefined) return undefined
  const reasoning = said.completion_tokens_details?.reasoning_tokens ?? 0
  // Some count reasoning within the output and some beside it; the total tells, and so does more reasoning than output.
  if (reasoning > 0 && reasoning <= said.completion_tokens && said.total_tokens == null) return undefined
  const counted = reasoning > said.completion_tokens ? said.completion_tokens + reasoning : said.completion_tokens
  // What a total counts that no part explains is taken for output, which is the dearest.
  const outputTokens = Math.max(counted, (said.total_tokens ?? 0) - input.inputTokens)
  return { ...input, outputTokens, reasoningTokens: reasoning }
}

function billedInput(said: Reported): Pick<Usage, 'inputTokens' | 'cachedTokens' | 'writtenTokens'> | undefined {
  const read = said.cache_read_input_tokens ?? 0
  const written = said.cache_creation_input_tokens ?? 0
  const beside = written + read
  if (beside === 0) {
    const cached = said.prompt_tokens_details?.cached_tokens ?? said.prompt_cache_hit_tokens ?? 0
    return { inputTokens: said.prompt_tokens, cachedTokens: cached }
  }
  // A part can't be larger than the whole, so it is beside it. Smaller, it may be either.
  if (beside <= said.prompt_tokens) return undefined
  return { inputTokens: said.prompt_tokens + beside, cachedTokens: read, writtenTokens: written }
}
