/** Long output, cut so that it costs little: the head, the tail, and how to see the rest. */

/** Of a command's result in the conversation: some 700 tokens of ordinary text. */
const SHOWN_HEAD_CHARACTERS = 800
const SHOWN_TAIL_CHARACTERS = 1400

export interface LongText {
  readonly head: string
  readonly tail: string
  readonly bytes: number
}

/** `seeMore` names where the whole is, as the reader would ask for it. */
export function cutOutput(output: LongText, seeMore: string): string {
  const { head, tail, bytes } = output
  if (tail === '' && head.length <= SHOWN_HEAD_CHARACTERS + SHOWN_TAIL_CHARACTERS) return head
  const first = head.slice(0, SHOWN_HEAD_CHARACTERS)
  const last = (tail === '' ? head : tail).slice(-SHOWN_TAIL_CHARACTERS)
  return `${first}\n[... ${bytes} bytes in all; ${seeMore} ...]\n${last}`
}

/** For text that is shown to people or put into a prompt: at most `charactersMax`, most of it from the end. */
export function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const mark = `\n[... ${text.length} characters in all ...]\n`
  const room = charactersMax - mark.length
  const head = Math.floor(room / 3)
  return `${text.slice(0, head)}${mark}${text.slice(text.length - (room - head))}`
}
