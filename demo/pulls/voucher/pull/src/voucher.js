// What is left on a voucher after an order.
export function useVoucher(voucher, cents) {
  if (voucher > cents) {
    return { pay: 0, left: voucher - cents }
  }
  if (voucher < cents) {
    return { pay: cents - voucher, left: 0 }
  }
}
