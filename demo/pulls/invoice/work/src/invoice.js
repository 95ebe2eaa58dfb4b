const DIGITS = 5

/** An invoice's number: the year and five digits, `2026-00042`. Throws when the year's numbers are used up. */
export function invoiceNumber(year, sequence) {
  const digits = String(sequence)
  if (digits.length > DIGITS) throw new RangeError(`no invoice number left in ${year}`)
  return `${year}-${digits.padStart(DIGITS, '0')}`
}
