/** What Anthropic's Messages interface says that a call used: the cache is counted beside the input. */
import { z } from 'zod/mini'
import { type CallOutcome, isPlausible } from '../../core/money/meter.ts'

const tokens = z.nullish(z.int().check(z.nonnegative()))

/** Made when the first answer is there. */
const usageSchema = z.lazy(() =>
  z.object({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_creation_input_tokens: tokens,
    cache_read_input_tokens: tokens,
    cache_creation: z.nullish(z.object({ ephemeral_1h_input_tokens: tokens })),
    /** Model calls that the provider made besides, of which none is ever asked for. */
    iterations: z.nullish(z.array(z.unknown())),
    /**
     * Where, when and how fast it was answered, each at a price of its own: only words with a known one. `not_available` is
     * said of models that cost the same everywhere, `default` by gateways.
     */
    inference_geo: z.nullish(z.enum(['', 'not_available', 'global', 'us'])),
    service_tier: z.nullish(z.enum(['standard', 'default'])),
    speed: z.nullish(z.literal('standard')),
  }),
)
type Reported = z.infer<typeof usageSchema>

/**
 * `reports`: the usage of an answer, or of every event of a stream that has one, each with all that was used until then.
 * Missing, malformed and impossible usage is unknown, and so is what the price list has no rate for.
 */
export function readMessagesUsage(reports: readonly unknown[]): CallOutcome {
  const said: Reported[] = []
  for (const report of reports) {
    const parsed = usageSchema.safeParse(report)
    if (!parsed.success) return { kind: 'unknown' }
    said.push(parsed.data)
  }
  const most = (of: (one: Reported) => number | null | undefined) => Math.max(0, ...said.map((one) => of(one) ?? 0))
  const read = most((one) => one.cache_read_input_tokens)
  const written = most((one) => one.cache_creation_input_tokens)
  const usage = {
    inputTokens: most((one) => one.input_tokens) + read + written,
    cachedTokens: read,
    writtenTokens: written,
    outputTokens: most((one) => one.output_tokens),
    reasoningTokens: 0,
  }
  const isPriced =
    most((one) => one.cache_creation?.ephemeral_1h_input_tokens) === 0 && most((one) => one.iterations?.length) <= 1
  const inUs = said.some((one) => one.inference_geo === 'us')
  return isPriced && isPlausible(usage) ? { kind: 'reported', usage, inUs } : { kind: 'unknown' }
}
