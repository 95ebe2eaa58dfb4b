// Is the coupon code fine?
export function isCoupon(code) {
  if (code == null) return false
  if (code.length != 8) return false
  for (let i = 0; i < code.length; i++) {
    const c = code[i]
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '8'))) return false
  }
  return true
}
