/** What a report's model calls prove: how much was spent at the least, and whether a bound did not hold. */

import type { Report } from '../run/report.ts'
import type { Unit } from './account.ts'
import type { Call } from './call.ts'
import { formatTokens, usdDecimal } from './money.ts'
import type { Spend } from './posting.ts'
import { costMicroUsd, type Price } from './price.ts'

/** The plan's, by the model's name. */
type Prices = Readonly<Record<string, Price>>

export type Tokens = Pick<Report, 'inputTokens' | 'cachedTokens' | 'outputTokens'>

/**
 * What a report proves was used: its totals, or what its calls come to where that is more, since a report may not understate
 * its own evidence. A call comes to its tokens at the plan's prices, and to its reservation where nobody knows what it used.
 */
export function spendOf(report: Pick<Report, 'spentMicroUsd' | 'calls'> & Tokens, prices: Prices): Spend {
  const sum = (of: (call: Call) => bigint) => report.calls.reduce((total, call) => total + of(call), 0n)
  return {
    microUsd: larger(report.spentMicroUsd, sum(leastMicroUsdAt(prices))),
    tokens: larger(usedTokens(report), sum(leastTokens)),
  }
}

/** More than any run uses, of micro-USD or of tokens; an account adds up very many of them within what the database holds. */
const SPEND_MAX = 10n ** 13n

/** Whether so much can have been used at all. Each number of a report may be, and all of them together not. */
export function isPossible({ microUsd, tokens }: Spend): boolean {
  return microUsd <= SPEND_MAX && tokens <= SPEND_MAX
}

/** Whether a report proves that anything drawn was not spent: an empty list alone may be a journal that was lost. */
export function hasEvidence({ calls, noCallSent }: Pick<Report, 'calls' | 'noCallSent'>): boolean {
  return calls.length > 0 || noCallSent === true
}

/** What a run settles at by the report that ends it: what that proves and, where it has no evidence, no less than was drawn. */
export function settledSpend(
  report: Parameters<typeof spendOf>[0] & Parameters<typeof hasEvidence>[0],
  prices: Prices,
  drawn: Spend,
): Spend {
  const proven = spendOf(report, prices)
  if (hasEvidence(report)) return proven
  return { microUsd: larger(proven.microUsd, drawn.microUsd), tokens: larger(proven.tokens, drawn.tokens) }
}

/** The tokens that a report proves: its totals or those of its calls, whichever are more in all. */
export function tokensOf(report: Pick<Report, 'calls'> & Tokens): Tokens {
  // Whoever makes calls up can't make more of them than the database holds.
  const sum = (one: number, other: number) => Math.min(one + other, Number.MAX_SAFE_INTEGER)
  const ofCalls = report.calls.reduce<Tokens>(
    (all, call) => ({
      inputTokens: sum(all.inputTokens, call.inputTokens),
      cachedTokens: sum(all.cachedTokens, call.cachedTokens),
      outputTokens: sum(all.outputTokens, call.outputTokens),
    }),
    { inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
  )
  return usedTokens(ofCalls) > usedTokens(report) ? ofCalls : report
}

function leastMicroUsdAt(prices: Prices): (call: Call) => bigint {
  return (call) => {
    if (call.usage === 'unknown') return larger(call.spentMicroUsd, call.reservedMicroUsd)
    const price = Object.hasOwn(prices, call.model) ? prices[call.model] : undefined
    return price === undefined ? call.spentMicroUsd : larger(call.spentMicroUsd, costMicroUsd(price, call))
  }
}

function leastTokens(call: Call): bigint {
  return call.usage === 'unknown' ? larger(usedTokens(call), BigInt(call.reservedTokens ?? 0)) : usedTokens(call)
}

function usedTokens({ inputTokens, outputTokens }: Pick<Tokens, 'inputTokens' | 'outputTokens'>): bigint {
  return BigInt(inputTokens) + BigInt(outputTokens)
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** In words, which call used more than was reserved for it in that unit; undefined where every bound has held. */
export function brokenBound(unit: Unit, calls: readonly Call[], prices: Prices): string | undefined {
  const costOf = leastMicroUsdAt(prices)
  for (const call of calls) {
    const { id, model, reservedMicroUsd, reservedTokens } = call
    const cost = costOf(call)
    if (unit === 'usd' && cost > reservedMicroUsd) {
      return `Model call ${id} (${model}) cost $${usdDecimal(cost)} where at most $${usdDecimal(reservedMicroUsd)} was reserved`
    }
    if (unit === 'tokens' && reservedTokens !== undefined && usedTokens(call) > reservedTokens) {
      return `Model call ${id} (${model}) used ${formatTokens(usedTokens(call))} where at most ${formatTokens(reservedTokens)} were reserved`
    }
  }
  return undefined
}
