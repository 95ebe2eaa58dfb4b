/** What a report's model calls prove: how much was spent at the least, and whether a bound did not hold. */

import type { Report } from '../run/report.ts'
import type { Unit } from './account.ts'
import type { Call } from './call.ts'
import { formatTokens, usdDecimal } from './money.ts'
import { type Spend, spendOf } from './posting.ts'
import { costMicroUsd, type Price } from './price.ts'

/**
 * What a late report proves was used, so that the rest can be given back; undefined where it proves nothing, since an empty
 * list alone may be a journal that was lost. Never less than its calls come to at the plan's prices, by the model's name:
 * each at its tokens, and one whose usage nobody knows at what was reserved for it.
 */
export function provenSpend(
  report: Pick<Report, 'spentMicroUsd' | 'inputTokens' | 'cachedTokens' | 'outputTokens' | 'calls' | 'noCallSent'>,
  prices: Readonly<Record<string, Price>>,
): Spend | undefined {
  if (report.calls.length === 0 && report.noCallSent !== true) return undefined
  const told = spendOf(report)
  const microUsd = report.calls.reduce((sum, call) => sum + leastMicroUsd(call, prices[call.model]), 0n)
  const tokens = report.calls.reduce((sum, call) => sum + leastTokens(call), 0n)
  return { microUsd: larger(told.microUsd, microUsd), tokens: larger(told.tokens, tokens) }
}

function leastMicroUsd(call: Call, price: Price | undefined): bigint {
  if (call.usage === 'unknown') return larger(call.spentMicroUsd, call.reservedMicroUsd)
  return price === undefined ? call.spentMicroUsd : larger(call.spentMicroUsd, costMicroUsd(price, call))
}

function leastTokens(call: Call): bigint {
  return call.usage === 'unknown' ? larger(usedTokens(call), BigInt(call.reservedTokens ?? 0)) : usedTokens(call)
}

function usedTokens({ inputTokens, outputTokens }: Call): bigint {
  return BigInt(inputTokens) + BigInt(outputTokens)
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** In words, which call used more than was reserved for it in that unit; undefined where every bound has held. */
export function brokenBound(unit: Unit, calls: readonly Call[]): string | undefined {
  for (const call of calls) {
    const { id, model, spentMicroUsd, reservedMicroUsd, reservedTokens } = call
    if (unit === 'usd' && spentMicroUsd > reservedMicroUsd) {
      return `Model call ${id} (${model}) cost $${usdDecimal(spentMicroUsd)} where at most $${usdDecimal(reservedMicroUsd)} was reserved`
    }
    if (unit === 'tokens' && reservedTokens !== undefined && usedTokens(call) > reservedTokens) {
      return `Model call ${id} (${model}) used ${formatTokens(usedTokens(call))} where at most ${formatTokens(reservedTokens)} were reserved`
    }
  }
  return undefined
}
