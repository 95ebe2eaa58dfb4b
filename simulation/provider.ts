/** The models' provider: what a call truly uses and is billed, and what of that is told. */
import type { Price } from '../core/money/price.ts'
import type { Usage } from '../core/run/run.ts'
import type { Random } from './random.ts'
import type { Charge } from './truth.ts'

const PRICES: readonly [Price, ...Price[]] = [
  { input: 250_000n, cached: 25_000n, output: 2_000_000n, tiers: [], source: 'simulated' },
  { input: 1_250_000n, cached: 125_000n, output: 10_000_000n, tiers: [], source: 'simulated' },
  {
    input: 1_250_001n,
    cached: 1_600_003n,
    output: 10_000_007n,
    tiers: [{ aboveInputTokens: 9_000, input: 2_500_000n, cached: 250_000n, output: 15_000_000n }],
    source: 'simulated',
  },
  { input: 150_000n, cached: 150_000n, output: 600_000n, tiers: [], source: 'simulated' },
]

export function pickPrice(random: Random): Price {
  return random.pick(PRICES)
}

export type Reply =
  | { readonly kind: 'reported'; readonly usage: Usage }
  /** A cut stream, a server's error, a report that can't be believed: billed or not, nobody can say. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unbilled' }

export interface Billed {
  readonly reply: Reply
  /** What the provider takes for it, whatever it says. */
  readonly charge: Charge
  readonly what: 'reported' | 'overage' | 'unknown' | 'implausible' | 'unbilled'
}

export interface Sent {
  readonly price: Price
  readonly inputTokensBound: number
  readonly outputTokensMax: number
  readonly boundMicroUsd: bigint
  readonly boundTokens: number
}

export function bill(random: Random, sent: Sent): Billed {
  const inputTokens = random.between(Math.ceil(sent.inputTokensBound / 5), sent.inputTokensBound)
  const full = random.chance(100)
  const usage: Usage = {
    inputTokens: full ? sent.inputTokensBound : inputTokens,
    cachedTokens: full ? 0 : random.between(0, inputTokens),
    outputTokens: full ? sent.outputTokensMax : random.between(1, sent.outputTokensMax),
    reasoningTokens: 0,
  }
  const which = random.between(1, 1000)
  if (which <= 40) {
    return { what: 'unbilled', reply: { kind: 'unbilled' }, charge: chargeOf(sent, 0n, 0) }
  }
  if (which <= 55) {
    const over = { ...usage, outputTokens: sent.outputTokensMax + random.between(5_000, 40_000) }
    return { what: 'overage', reply: { kind: 'reported', usage: over }, charge: chargeFor(sent, over) }
  }
  if (which <= 105) return { what: 'unknown', reply: { kind: 'unknown' }, charge: chargeFor(sent, usage) }
  if (which <= 115) {
    const nonsense = { ...usage, inputTokens: 1, cachedTokens: 2 }
    return { what: 'implausible', reply: { kind: 'reported', usage: nonsense }, charge: chargeFor(sent, usage) }
  }
  return { what: 'reported', reply: { kind: 'reported', usage }, charge: chargeFor(sent, usage) }
}

function chargeFor(sent: Sent, usage: Usage): Charge {
  return chargeOf(sent, costOf(sent.price, usage), usage.inputTokens + usage.outputTokens)
}

function chargeOf(sent: Sent, microUsd: bigint, tokens: number): Charge {
  return {
    microUsd,
    tokens: BigInt(tokens),
    boundMicroUsd: sent.boundMicroUsd,
    boundTokens: BigInt(sent.boundTokens),
  }
}

/** The provider's own arithmetic: the dearest tier that the input has passed, a started micro-USD is a whole one. */
function costOf(price: Price, usage: Usage): bigint {
  let rates: Pick<Price, 'input' | 'cached' | 'output'> = price
  for (const tier of price.tiers) if (usage.inputTokens > tier.aboveInputTokens) rates = tier
  const fresh = BigInt(usage.inputTokens - usage.cachedTokens) * rates.input
  const exact = fresh + BigInt(usage.cachedTokens) * rates.cached + BigInt(usage.outputTokens) * rates.output
  return (exact + 999_999n) / 1_000_000n
}
