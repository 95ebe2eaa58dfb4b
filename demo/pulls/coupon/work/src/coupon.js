const form = /^[A-Z0-9]{8}$/

/** Whether `code` has a coupon's form: eight capital letters or digits. */
export function isCoupon(code) {
  return typeof code === 'string' && form.test(code)
}
