/** Characters that a reader can't see or would take for another, found and named. */

/** Everything that isn't shown as itself: controls, formats (bidi, tags), lone surrogates, fillers, odd blanks. */
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u

const names: ReadonlyMap<number, string> = new Map([
  [0x00, 'a null character'],
  [0x1b, 'an escape character'],
  [0xa0, 'a no-break space'],
  [0xad, 'a soft hyphen'],
  [0x200b, 'a zero-width space'],
  [0x200c, 'a zero-width non-joiner'],
  [0x200d, 'a zero-width joiner'],
  [0x200e, 'a left-to-right mark'],
  [0x200f, 'a right-to-left mark'],
  [0x2028, 'a line separator'],
  [0x2029, 'a paragraph separator'],
  [0x202f, 'a narrow no-break space'],
  [0x2060, 'a word joiner'],
  [0x3000, 'an ideographic space'],
  [0xfeff, 'a byte order mark'],
])

const ranges: readonly (readonly [from: number, to: number, name: string])[] = [
  [0x00, 0x1f, 'a control character'],
  [0x7f, 0x9f, 'a control character'],
  [0x2000, 0x200a, 'an odd blank'],
  [0x202a, 0x202e, 'a bidirectional control'],
  [0x2066, 0x2069, 'a bidirectional control'],
  [0xd800, 0xdfff, 'half a character'],
  [0xe000, 0xf8ff, 'a private character'],
  [0xfe00, 0xfe0f, 'a variation selector'],
  [0xe0000, 0xe007f, 'an invisible tag character'],
  [0xe0100, 0xe01ef, 'a variation selector'],
]

/** Where a character stands in a line: `column` counts characters from 1. */
export interface FoundCharacter {
  readonly codePoint: number
  readonly column: number
}

/** The first character that can't be seen; an ordinary blank and a tab can. */
export function firstUnseen(line: string): FoundCharacter | undefined {
  return firstWhere(line, (character) => character !== ' ' && character !== '\t' && UNSEEN.test(character))
}

/** The first character outside ASCII, which in a name may be a look-alike. */
export function firstNonAscii(text: string): FoundCharacter | undefined {
  return firstWhere(text, (character) => character > '\u007f')
}

/** `U+202E (a bidirectional control)`; a visible character is shown itself: `U+0430 (а)`. */
export function nameCodePoint(codePoint: number): string {
  const hex = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
  const character = String.fromCodePoint(codePoint)
  if (!UNSEEN.test(character)) return `${hex} (${character})`
  const range = ranges.find(([from, to]) => codePoint >= from && codePoint <= to)
  return `${hex} (${names.get(codePoint) ?? range?.[2] ?? 'an invisible character'})`
}

function firstWhere(text: string, matches: (character: string) => boolean): FoundCharacter | undefined {
  let column = 1
  for (const character of text) {
    if (matches(character)) return { codePoint: character.codePointAt(0) ?? 0, column }
    column += 1
  }
  return undefined
}
