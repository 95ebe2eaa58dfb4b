/** The price in one sentence. */
import { formatUsd } from '../money.ts'
import type { Quote } from '../quote.ts'

/** `Usually $0.80, nine in ten under $1.90, never more than $2.50 (from 12 runs).` */
export function quoteLine(quote: Quote): string {
  const { runs, usualMicroUsd, nineInTenMicroUsd, capMicroUsd } = quote
  const never = `never more than ${formatUsd(capMicroUsd)}`
  if (usualMicroUsd === undefined || nineInTenMicroUsd === undefined) return `No history yet; ${never}.`
  const from = `(from ${runs === 1 ? 'one run' : `${runs} runs`})`
  // A cap below what such runs cost would make the sentence contradict itself.
  if (usualMicroUsd > capMicroUsd) {
    return `Such runs usually cost ${formatUsd(usualMicroUsd)}; this one ${never}, and keeps its work if it gets there ${from}.`
  }
  if (nineInTenMicroUsd > capMicroUsd) return `Usually ${formatUsd(usualMicroUsd)}, ${never} ${from}.`
  return `Usually ${formatUsd(usualMicroUsd)}, nine in ten under ${formatUsd(nineInTenMicroUsd)}, ${never} ${from}.`
}

/** Says so when less is held than was asked for; else nothing. */
export function smallerHoldLine(quote: Quote): string | undefined {
  if (quote.askedMicroUsd === undefined) return undefined
  const { askedMicroUsd, capMicroUsd } = quote
  return `Only ${formatUsd(capMicroUsd)} of the ${formatUsd(askedMicroUsd)} asked for is left, so the run has to get by with that.`
}
