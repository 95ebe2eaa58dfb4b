// Price of gift wrap in cents by the longest side in centimetres.
export function giftwrap(side, ribbon) {
  let price = 0
  if (side < 20) { price = 200 }
  if (side >= 20 && side < 40) { price = 350 }
  if (side > 40) { price = 500 }
  if (ribbon) { price = price + 100 }
  return price
}
