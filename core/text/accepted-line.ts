/** What such runs have cost for each that was accepted, beside the price: never without its count and what is not known. */
import { type AcceptedSpend, perAcceptedWords } from '../outcome/portfolio-counts.ts'

export interface AcceptedLately {
  readonly spend: AcceptedSpend
  /** The window of `promotion.yml`. */
  readonly days: number
}

/** Undefined where there is nothing to say yet. */
export function acceptedLine(lately: AcceptedLately | undefined): string | undefined {
  const words = lately && perAcceptedWords(lately.spend)
  return words === undefined ? undefined : `In the last ${lately?.days} days: ${words}.`
}
