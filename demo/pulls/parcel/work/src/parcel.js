const GRAMS_MAX = 20_000

/** How many parcels the items fill, in the order given. Throws for an item that no parcel can hold. */
export function parcels(items) {
  let count = 0
  let room = 0
  for (const { grams } of items) {
    if (grams > GRAMS_MAX) throw new RangeError(`an item of ${grams} g fits no parcel`)
    if (grams > room) {
      count += 1
      room = GRAMS_MAX
    }
    room -= grams
  }
  return count
}
