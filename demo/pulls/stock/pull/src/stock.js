// Takes items out of stock.
export function take(stock, sku, quantity) {
  if (stock[sku] !== undefined) {
    if (stock[sku] > quantity) {
      stock[sku] = stock[sku] - quantity
      return true
    } else {
      return false
    }
  } else {
    return false
  }
}
