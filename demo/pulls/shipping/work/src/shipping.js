/** Rates in cents by the heaviest parcel in grams that they hold for. */
const rates = [
  { upTo: 500, standard: 390, express: 990 },
  { upTo: 2000, standard: 590, express: 1290 },
  { upTo: Number.POSITIVE_INFINITY, standard: 990, express: 1890 },
]

/** Shipping in cents for a parcel of `grams`. */
export function shipping(grams, express = false) {
  const rate = rates.find(({ upTo }) => grams <= upTo)
  return express ? rate.express : rate.standard
}
