/** The stock after `quantity` of `sku` is taken, or `undefined` when there is not enough. Changes nothing in place. */
export function take(stock, sku, quantity) {
  const left = (stock[sku] ?? 0) - quantity
  return left < 0 ? undefined : { ...stock, [sku]: left }
}
