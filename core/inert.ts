/**
 * Text that a model or a stranger wrote, made harmless in both directions: `cleanText` for what goes into a prompt,
 * `inertText` for what is shown on GitHub.
 */
import type { Redact } from './redact.ts'

/** Breaks what GitHub would act on. It is the one invisible character that comes out, and only from here. */
const BREAK = '\u200B'

/**
 * Code points that a reader does not see: formats (zero width, bidi, tags), controls but for tab and line ends,
 * variation selectors but for the emoji one, and letters that are drawn as nothing.
 */
const INVISIBLE =
  /[[\p{Cf}\p{Cc}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}\u17B4\u17B5]--[\t\n\r\uFE0F]]/gv
const HTML_COMMENT = /<!--[\s\S]*?(?:-->|$)/g

export interface Cleaned {
  readonly text: string
  /** How many characters and comments were taken out. */
  readonly removed: number
}

/** Takes invisible characters out. */
export function stripInvisible(text: string): Cleaned {
  let removed = 0
  const visible = text.replace(INVISIBLE, () => {
    removed += 1
    return ''
  })
  return { text: visible, removed }
}

/** Puts their code points in the place of invisible characters, for a reader who is to judge the text as it is. */
export function showInvisible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    return `<U+${hex}>`
  })
}

/** Takes invisible characters and HTML comments out: instructions that a reviewer would not have seen. */
export function cleanText(text: string): Cleaned {
  const visible = stripInvisible(text)
  let comments = 0
  let clean = visible.text
  // Taking one comment out can join the halves of another; what is left after a few rounds is broken at `<!--`.
  for (let round = 0; round < 4 && clean.includes('<!--'); round += 1) {
    clean = clean.replace(HTML_COMMENT, () => {
      comments += 1
      return ''
    })
  }
  return { text: clean.replaceAll('<!--', '<!'), removed: visible.removed + comments }
}

/** Cleans before it redacts: what a secret was split by must be gone, or taking it out later joins the halves again. */
export function redactClean(text: string, redact: Redact): string {
  return redact(cleanText(text).text)
}

/**
 * Keeps text readable and makes nothing of it active: no mention, no reference that closes or links an issue, no
 * slash command, no image, no link, no HTML or entity, no word that silences checks (each service has its own: `[skip ci]`,
 * `[azp skip]`, `***NO_CI***`) or claims a revert. Markdown is not parsed, since a parser that reads it otherwise than
 * GitHub does would be a way around; every place is broken by a zero-width space, in code spans too. `redact` sees the
 * text clean and not yet broken.
 */
export function inertText(text: string, redact: Redact = (clean) => clean): string {
  return redactClean(text, redact)
    .replace(/&(?=[#a-z])/gi, `&${BREAK}`)
    .replace(/@(?=[\p{L}\p{N}_-])/gu, `@${BREAK}`)
    .replace(/#(?=\d)/g, `#${BREAK}`)
    .replace(/\bGH-(?=\d)/gi, (gh) => `${gh}${BREAK}`)
    .replace(/\b([a-z][a-z0-9+.-]{1,20}:)(?=\/\/)/gi, `$1${BREAK}`)
    .replace(/\bwww(?=\.)/gi, (www) => `${www}${BREAK}`)
    .replace(/!(?=\[)/g, `!${BREAK}`)
    .replace(/\](?=[([:])/g, `]${BREAK}`)
    .replace(/<(?=[a-z/!?])/gi, `<${BREAK}`)
    .replace(/^([ \t>*+-]*)\/(?=[a-z])/gim, `$1${BREAK}/`)
    .replace(/\[(?=\s*(?:skip\s+[a-z]+|[a-z]+\s+skip|no\s+ci)\s*\])/gi, `[${BREAK}`)
    .replace(/\bno(?=_ci\b)/gi, (no) => `${no}${BREAK}`)
    .replace(/\bskip-checks(?=\s*:)/gi, (trailer) => `${trailer}${BREAK}`)
    .replace(/\breverts(?=\s)/gi, (reverts) => `${reverts}${BREAK}`)
}

/** One line of at most `charactersMax`, for titles. */
export function inertLine(text: string, charactersMax: number, redact?: Redact): string {
  const line = inertText(text, redact).replace(/\s+/g, ' ').trim()
  return line.length <= charactersMax ? line : `${line.slice(0, charactersMax - 1).trimEnd()}…`
}
