const RIBBON = 100

/** Prices in cents by the longest side in centimetres below which they hold. */
const prices = [
  { below: 20, price: 200 },
  { below: 40, price: 350 },
  { below: Number.POSITIVE_INFINITY, price: 500 },
]

/** The price of gift wrap in cents for a box whose longest side is `side` centimetres. */
export function giftwrap(side, ribbon = false) {
  const { price } = prices.find(({ below }) => side < below)
  return ribbon ? price + RIBBON : price
}
