/** Splits an amount in cents among payers; every cent goes to somebody. */
export function split(cents, payers) {
  if (!Number.isInteger(payers) || payers < 1) throw new RangeError('a bill needs at least one payer')
  return Array.from({ length: payers }, () => Math.floor(cents / payers))
}
