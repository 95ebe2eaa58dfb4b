/** Long output, cut so that it costs little: the head, the tail, and how to see the rest. */

/** Of a command's result in the conversation: some 600 tokens of ordinary text. */
const SHOWN_HEAD_CHARACTERS = 800
const SHOWN_TAIL_CHARACTERS = 1400
/** Dense text, as numbers and hashes, has more tokens in as many characters, so less of it is shown. */
const SHOWN_HEAD_TOKENS = 280
const SHOWN_TAIL_TOKENS = 500

export interface LongText {
  readonly head: string
  readonly tail: string
  readonly bytes: number
}

/** `seeMore` names where the whole is, as the reader would ask for it. */
export function cutOutput(output: LongText, seeMore: string): string {
  const { head, tail, bytes } = output
  if (tail === '' && head.length <= SHOWN_HEAD_CHARACTERS + SHOWN_TAIL_CHARACTERS) return head
  const first = fitting(head.slice(0, SHOWN_HEAD_CHARACTERS), SHOWN_HEAD_TOKENS, (text, length) =>
    text.slice(0, length),
  )
  const end = (tail === '' ? head : tail).slice(-SHOWN_TAIL_CHARACTERS)
  const last = fitting(end, SHOWN_TAIL_TOKENS, (text, length) => text.slice(text.length - length))
  return `${first}\n[... ${bytes} bytes in all; ${seeMore} ...]\n${last}`
}

function fitting(text: string, tokensMax: number, take: (text: string, length: number) => string): string {
  let shown = text
  for (let guess = tokensGuess(shown); guess > tokensMax && shown.length > 0; guess = tokensGuess(shown)) {
    shown = take(shown, Math.floor(shown.length * Math.min(0.95, tokensMax / guess)))
  }
  return shown
}

/** Words, up to three digits, single signs, blanks, and all else by its bytes: how the tokenizers in use take text apart. */
const PIECES = / ?[a-zA-Z]+|\d{1,3}|\s+|[!-~]|[^\s!-~]/g
/** Letters of a word in a token, of what is no word, and how long a word is at most. */
const WORD_LETTERS = 5
const NO_WORD_LETTERS = 1.4
const WORD_LENGTH_MAX = 14

/** About how many tokens a text is; rather too many. It only decides how much is shown. */
function tokensGuess(text: string): number {
  let tokens = 0
  for (const [piece] of text.matchAll(PIECES)) {
    if (/[a-zA-Z]/.test(piece))
      tokens += isWord(piece) ? Math.ceil(piece.length / WORD_LETTERS) : piece.length / NO_WORD_LETTERS
    else tokens += /[^\s!-~]/.test(piece) ? Buffer.byteLength(piece) / 2 : 1
  }
  return tokens
}

/** Capitals in its midst, or more letters than a word has, make it a hash or the like. */
function isWord(piece: string): boolean {
  return piece.length <= WORD_LENGTH_MAX && !/[a-z][A-Z]+[a-z]*[A-Z]/.test(piece)
}

/** For text that is shown to people or put into a prompt: at most `charactersMax`, most of it from the end. */
export function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const mark = `\n[... ${text.length} characters in all ...]\n`
  const room = charactersMax - mark.length
  const head = Math.floor(room / 3)
  return `${text.slice(0, head)}${mark}${text.slice(text.length - (room - head))}`
}
