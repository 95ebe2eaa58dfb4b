/** Statements whose text depends on how many rows they write. */

/** How many rows there are is part of such a text; there are as many texts as a batch may have sizes. */
export function textByCount(textFor: (count: number) => string): (count: number) => string {
  const texts = new Map<number, string>()
  return (count) => {
    const text = texts.get(count) ?? textFor(count)
    texts.set(count, text)
    return text
  }
}
