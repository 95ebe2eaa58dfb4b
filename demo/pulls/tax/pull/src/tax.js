// Adds tax to a net price in cents.
export function gross(cents, country) {
  var rate
  if (country == 'DE') { rate = 0.19 }
  if (country == 'FR') { rate = 0.2 }
  if (country == 'CH') { rate = 0.081 }
  return Math.floor(cents * (1 + rate))
}
