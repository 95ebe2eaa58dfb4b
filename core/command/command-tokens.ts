/** The first step of reading a command: its line cut into words, `name=value` pairs and quoted texts. One pass, no backtracking. */

/** `start` is where the token begins in the line, for problems. */
export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly start: number }
  | { readonly kind: 'pair'; readonly name: string; readonly value: string; readonly start: number }
  | { readonly kind: 'text'; readonly text: string; readonly start: number }

export type Cut = { readonly tokens: readonly Token[] } | { readonly problem: string }

type Read<T> = { readonly value: T; readonly next: number } | { readonly problem: string }

/** Quotes that phones and word processors put in place of straight ones. */
const SMART_QUOTES = '“”„‟«»‘’‚‛″＂＇'

const STRAIGHT = 'write straight quotes, as in goal="Keep behaviour"'

/** Cuts what follows `/agent`. The caller bounds the line and makes sure that it holds nothing unseen. */
export function cutTokens(line: string): Cut {
  const tokens: Token[] = []
  let at = 0
  while (true) {
    at = skipBlanks(line, at)
    if (at >= line.length) return { tokens }
    // The first word is the workflow; after it a word and a lone `=` are a name and its sign.
    const last = tokens.length > 1 ? tokens.at(-1) : undefined
    if (line[at] === '=' && last?.kind === 'word') {
      return { problem: `a blank stands before \`=\`; write ${excerpt(`${last.text}="value"`)} without blanks` }
    }
    const read = readToken(line, at)
    if ('problem' in read) return read
    tokens.push(read.value)
    at = read.next
  }
}

/** Quotes a text so that it reads back as it is. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** An excerpt of what somebody wrote, bounded, in a code span, where it can neither link nor mention. */
export function excerpt(text: string): string {
  const characters = [...text.slice(0, 200)]
  const cut = characters.length > 40 ? `${characters.slice(0, 40).join('')}…` : characters.join('')
  return `\`${cut.replaceAll('`', "'")}\``
}

/** What `name=` lacks. */
function emptyValue(name: string): string {
  const lacks = `nothing follows ${excerpt(`${name}=`)}`
  if (name === 'model') return `${lacks}; name a model, as in \`model=gpt-5-mini\``
  if (name === 'cap') return `${lacks}; give a cap, as in \`cap=2x\``
  if (name === 'effort') return `${lacks}; name an effort, as in \`effort=low\``
  return `${lacks}; write the value right behind it, and an empty one as name=""`
}

/** Text in a code span, whatever it holds. */
export function asCode(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}

function readToken(line: string, start: number): Read<Token> {
  if (line[start] === '"') {
    const read = readQuoted(line, start)
    return 'problem' in read ? read : { value: { kind: 'text', text: read.value, start }, next: read.next }
  }
  let at = start
  while (at < line.length && !isBlank(line[at]) && line[at] !== '"' && line[at] !== '=') at += 1
  const head = line.slice(start, at)
  const smart = smartQuoteIn(head)
  if (smart !== undefined) return { problem: `${smart} is a typographic quote; ${STRAIGHT}` }
  if (line[at] === '"') return { problem: `there is a quote in the middle of ${excerpt(head)}; write name="value"` }
  if (line[at] !== '=') return { value: { kind: 'word', text: head, start }, next: at }
  const value = line[at + 1] === '"' ? readQuoted(line, at + 1) : readBare(line, at + 1, head)
  if ('problem' in value) return value
  return { value: { kind: 'pair', name: head, value: value.value, start }, next: value.next }
}

/** Only `\"` and `\\` are escapes, so that a value can hold anything and still be read in one way. */
function readQuoted(line: string, start: number): Read<string> {
  let value = ''
  let at = start + 1
  while (at < line.length) {
    const character = line[at]
    if (character === '"') {
      const next = at + 1
      if (next < line.length && !isBlank(line[next])) {
        return { problem: `after the closing quote a blank is expected, not ${excerpt(line.slice(next))}` }
      }
      return { value, next }
    }
    if (character === '\\') {
      const escaped = line[at + 1]
      if (escaped !== '"' && escaped !== '\\') {
        return { problem: 'within quotes a backslash stands only before a quote or a backslash; write \\\\ for one' }
      }
      value += escaped
      at += 2
    } else {
      value += character
      at += 1
    }
  }
  return { problem: `the quote at ${excerpt(line.slice(start))} is never closed; end the value with "` }
}

function readBare(line: string, start: number, name: string): Read<string> {
  let at = start
  while (at < line.length && !isBlank(line[at]) && line[at] !== '"') at += 1
  const value = line.slice(start, at)
  const smart = smartQuoteIn(value)
  if (smart !== undefined) return { problem: `${smart} is a typographic quote; ${STRAIGHT}` }
  if (value === '') return { problem: emptyValue(name) }
  if (line[at] === '"') return { problem: `there is a quote in the middle of ${excerpt(value)}; write name="value"` }
  if (value.startsWith("'")) return { problem: `${excerpt(value)} begins with a single quote; write name="value"` }
  return { value, next: at }
}

function smartQuoteIn(text: string): string | undefined {
  // An apostrophe inside a bare word (`don’t`) is no attempt at quoting.
  const first = [...text][0]
  const last = [...text].at(-1)
  return [first, last].find((character) => character !== undefined && SMART_QUOTES.includes(character))
}

function skipBlanks(line: string, start: number): number {
  let at = start
  while (at < line.length && isBlank(line[at])) at += 1
  return at
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
