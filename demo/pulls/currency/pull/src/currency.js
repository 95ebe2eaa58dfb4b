// Cents to text.
export function money(cents) {
  const e = Math.floor(cents / 100)
  const c = cents % 100
  return e + '.' + c
}
