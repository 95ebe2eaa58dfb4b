// One line for the parcel label.
export function label(a) {
  let s = ''
  if (a.name) s = s + a.name
  if (a.street) s = s + ', ' + a.street
  if (a.zip) s = s + ', ' + a.zip
  if (a.city) s = s + ', ' + a.city
  return s
}
