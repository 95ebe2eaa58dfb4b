/** What is still to pay and what is left on the voucher, in cents, after an order of `cents`. */
export function useVoucher(voucher, cents) {
  const used = Math.min(voucher, cents)
  return { pay: cents - used, left: voucher - used }
}
