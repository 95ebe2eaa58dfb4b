const factor = { gold: 2 }

/** One point for each full euro of `cents`, doubled for gold. */
export function points(cents, tier) {
  return Math.floor(cents / 100) * (factor[tier] ?? 1)
}
