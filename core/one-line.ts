/** Text that has one line of a list to itself. */

const CONTROL = /[\p{Cc}\u2028\u2029]/gu

/** What would begin another line, or act on a terminal, is written as JSON writes it: `new\nline.txt`. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, (character) => {
    const short = JSON.stringify(character).slice(1, -1)
    if (short !== character) return short
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A file's name as it is, or in quotes as a JSON string where it would else be taken for another, or for several. */
export function listedName(name: string): string {
  return oneLine(name) === name && !name.startsWith('"') ? name : oneLine(JSON.stringify(name))
}
