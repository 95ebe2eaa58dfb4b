/** Why a run may cost more than its answers did. */
import type { Call } from '../money/call.ts'
import { formatUsd } from '../money/money.ts'

/** A sentence about model calls that are billed at their reservation; `undefined` where there are none. */
export function unknownUsageLine(calls: readonly Call[]): string | undefined {
  const unknown = calls.filter(({ usage, spentMicroUsd }) => usage === 'unknown' && spentMicroUsd > 0n)
  if (unknown.length === 0) return undefined
  const sum = formatUsd(unknown.reduce((total, { spentMicroUsd }) => total + spentMicroUsd, 0n))
  const [which, they] = unknown.length === 1 ? ['one model call', 'it'] : [`${unknown.length} model calls`, 'they']
  return `${sum} of that is for ${which} of which no usage is known, counted at the most that ${they} can have cost.`
}
