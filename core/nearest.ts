/** The name that somebody most likely meant, for messages that end in "did you mean". */

/** Longer words are compared by this much of their beginning; names are shorter. */
const COMPARED_CHARACTERS_MAX = 100

/**
 * The candidate with the fewest changed, added, missing or swapped characters, if they are few enough for a slip:
 * a third of the word, at least one. The first part of a name (`refactor` of `refactor+tests`) stands for the whole; a
 * word that a single candidate begins with, or the reverse, also counts.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const meant = word.slice(0, COMPARED_CHARACTERS_MAX).toLowerCase()
  const names = [...candidates]
  const far = Math.max(1, Math.floor(meant.length / 3)) + 1
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of names) {
    const distance = Math.min(...[name, firstPart(name)].map((form) => editDistance(meant, form)))
    if (distance < (best?.distance ?? far)) best = { name, distance }
  }
  return best?.name ?? soleExtension(meant, names)
}

/** ` Did you mean \`review\`?` with its leading blank, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const name = nearest(word, candidates)
  return name === undefined ? '' : ` Did you mean \`${name}\`?`
}

/** `` `review`, `changelog` `` */
export function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

function soleExtension(word: string, names: readonly string[]): string | undefined {
  const extending = names.filter(
    (name) => name !== '' && word !== '' && (name.startsWith(word) || word.startsWith(name)),
  )
  return extending.length === 1 ? extending[0] : undefined
}

function firstPart(name: string): string {
  return name.split(/[-+]/, 1)[0] ?? name
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each. */
function editDistance(from: string, compared: string): number {
  const to = compared.slice(0, COMPARED_CHARACTERS_MAX).toLowerCase()
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
