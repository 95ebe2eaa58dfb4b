// One point per full euro, double for gold.
export function points(cents, tier) {
  let p = 0
  while (cents > 100) {
    cents = cents - 100
    p = p + 1
  }
  if (tier == 'gold') p = p * 2
  return p
}
