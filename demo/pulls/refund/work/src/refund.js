const FULL_DAYS = 14
const HALF_DAYS = 30

/** What is paid back in cents, `days` after the order: all, half (rounded down), then nothing. */
export function refund(cents, days) {
  if (days <= FULL_DAYS) return cents
  return days <= HALF_DAYS ? Math.floor(cents / 2) : 0
}
