// How much to pay back, by days since the order.
export function refund(cents, days) {
  if (days < 14) {
    return cents
  }
  if (days < 30) {
    return cents / 2
  }
  return 0
}
