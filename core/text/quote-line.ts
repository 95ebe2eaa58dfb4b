/** The price in one sentence. */
import { formatAtLeastUsd, formatAtMostUsd, formatUnderUsd, formatUsd } from '../money/money.ts'
import type { Quote } from '../money/quote.ts'

/** Below so many runs, nine in ten of them would be all of them. */
const NINE_IN_TEN_RUNS_MIN = 10

/**
 * `Usually $0.80, nine in ten under $1.90, never more than $2.50 (from 12 runs).` Of few runs it says what they cost at
 * most.
 */
export function quoteLine(quote: Quote): string {
  const { runs, usualMicroUsd, nineInTenMicroUsd, capMicroUsd } = quote
  const never = `never more than ${formatAtMostUsd(capMicroUsd)}`
  if (usualMicroUsd === undefined || nineInTenMicroUsd === undefined) return `No history yet; ${never}.`
  const from = `(from ${runs === 1 ? 'one run' : `${runs} runs`})`
  if (runs === 1 && usualMicroUsd <= capMicroUsd)
    return `The one run so far cost ${formatUsd(usualMicroUsd)}; ${never}.`
  // A cap below what such runs cost would make the sentence contradict itself.
  if (usualMicroUsd > capMicroUsd) {
    return `Such runs usually cost ${formatUsd(usualMicroUsd)}; this one ${never}, and keeps its work if it gets there ${from}.`
  }
  if (nineInTenMicroUsd >= capMicroUsd) return `Usually ${formatUsd(usualMicroUsd)}, ${never} ${from}.`
  const most =
    runs < NINE_IN_TEN_RUNS_MIN
      ? `so far at most ${formatAtMostUsd(nineInTenMicroUsd)}`
      : `nine in ten under ${formatUnderUsd(nineInTenMicroUsd)}`
  return `Usually ${formatUsd(usualMicroUsd)}, ${most}, ${never} ${from}.`
}

/** Says so when less is held than was asked for; else nothing. */
export function smallerHoldLine(quote: Quote): string | undefined {
  if (quote.askedMicroUsd === undefined) return undefined
  const { askedMicroUsd, capMicroUsd } = quote
  return `Only ${formatAtLeastUsd(capMicroUsd)} of the ${formatAtMostUsd(askedMicroUsd)} asked for is left, so the run has to get by with that.`
}
