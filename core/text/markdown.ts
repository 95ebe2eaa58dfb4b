/** The few forms of GitHub's Markdown that the texts are made of. Values are made harmless here, so that no text has to think of it. */
import { inertLine } from '../inert.ts'

/** What GitHub takes of a comment, an issue's text or a review's. */
export const COMMENT_CHARACTERS_MAX = 65_536
const INLINE_CHARACTERS_MAX = 300
const PROSE_CHARACTERS_MAX = 2_000

/** Words that somebody declared (a purpose, a label, a rule) within a sentence or a table's cell. */
export function inline(text: string, charactersMax: number = INLINE_CHARACTERS_MAX): string {
  return inertLine(text, charactersMax)
    .replaceAll('`', "'")
    .replace(/[\\|*_~[\]]/g, '\\$&')
}

/**
 * Sentences that may hold code spans around names that people wrote, as refusals do: the spans stay, the rest is made
 * harmless. Begins with a capital and ends with a stop.
 */
export function prose(text: string): string {
  const pieces = text.trim().split('`')
  const written = pieces.map((piece, index) => (index % 2 === 1 ? code(piece) : plain(piece))).join('')
  const capital = written.replace(/^[a-z]/, (letter) => letter.toUpperCase())
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}

function plain(text: string): string {
  const words = inline(text, PROSE_CHARACTERS_MAX)
  if (words === '') return text === '' ? '' : ' '
  return `${/^\s/.test(text) ? ' ' : ''}${words}${/\s$/.test(text) ? ' ' : ''}`
}

/** A name or a value as code, where GitHub neither links nor mentions. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('`', "'").replaceAll('|', '¦')
  return `\`${line === '' ? ' ' : line}\``
}

/** A link whose address can't end early. `label` is Markdown. */
export function link(label: string, url: string): string {
  const address = url.replace(/[\s()<>]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `[${label}](${address})`
}

/** A table; cells are Markdown on one line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Something to open. GitHub reads Markdown within only after an empty line. */
export function details(summary: string, body: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`
}

/** A block of code, fenced by more backticks than it holds in a row. */
export function fenced(language: string, text: string): string {
  const fence = fenceFor(text)
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`
}

export function fenceFor(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2)
  return '`'.repeat(longest + 1)
}

/** Paragraphs with an empty line between; what is `undefined` or empty is left out. */
export function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

/** As many leading lines as fit, and how many were left out: GitHub cuts nothing off by itself, it refuses. */
export function linesWithin(
  lines: readonly string[],
  charactersMax: number,
): { readonly shown: readonly string[]; readonly left: number } {
  let characters = 0
  const end = lines.findIndex((line) => {
    characters += line.length + 1
    return characters > charactersMax
  })
  const shown = end < 0 ? lines : lines.slice(0, end)
  return { shown, left: lines.length - shown.length }
}
