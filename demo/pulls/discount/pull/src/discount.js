// Percentage off by order value in cents.
export function discount(cents) {
  let off = 0
  if (cents > 10000) {
    off = Math.round((cents * 10) / 100)
  } else {
    if (cents > 5000) {
      off = Math.round((cents * 5) / 100)
    } else {
      off = 0
    }
  }
  return off
}
