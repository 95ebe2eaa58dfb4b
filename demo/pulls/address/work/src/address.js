/** An address on one line, leaving out what is missing. */
export function label({ name, street, zip, city }) {
  const place = [zip, city].filter(Boolean).join(' ')
  return [name, street, place].filter(Boolean).join(', ')
}
