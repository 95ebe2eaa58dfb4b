/** Splits an amount in cents among payers; every cent goes to somebody. */
export function split(cents, payers) {
  if (!Number.isInteger(payers) || payers < 1) throw new RangeError('a bill needs at least one payer')
  const share = Math.floor(cents / payers)
  const left = cents - share * payers
  return Array.from({ length: payers }, (_, index) => (index < left ? share + 1 : share))
}
