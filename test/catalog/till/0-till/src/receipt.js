import { split } from './split.js'

/** One line for each payer, then what was paid in all. */
export function receipt(cents, names) {
  const shares = split(cents, names.length)
  const lines = names.map((name, index) => `${name}: ${euros(shares[index])}`)
  const paid = shares.reduce((sum, share) => sum + share, 0)
  return [...lines, `Paid: ${euros(paid)}`].join('\n')
}

function euros(cents) {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')} EUR`
}
