// How many parcels does it take?
export function parcels(items) {
  let n = 1
  let w = 0
  for (const i of items) {
    if (w + i.grams > 20000) {
      n = n + 1
      w = 0
    }
    w = w + i.grams
  }
  return n
}
