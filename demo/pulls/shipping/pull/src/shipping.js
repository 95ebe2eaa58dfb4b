// Shipping in cents by weight in grams.
export function shipping(grams, express) {
  if (express) {
    if (grams < 500) return 990
    if (grams < 2000) return 1290
    return 1890
  } else {
    if (grams < 500) return 390
    if (grams < 2000) return 590
    return 990
  }
}
