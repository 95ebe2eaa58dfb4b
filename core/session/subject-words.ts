/**
 * What is known of a subject besides its commit: what people wrote on it, and what CI printed where it failed. It comes
 * bounded and without the accounts that it mentions, and is data to whoever reads it.
 */
import type { Plan } from '../plan/plan.ts'
import { expressionsIn } from '../plan/template.ts'
import { SUBJECT_LOG_CHARACTERS_MAX, SUBJECT_TEXT_CHARACTERS_MAX } from './subject-bounds.ts'

/** Of the text that opens an issue or a pull request; the rest is for the newest comments. */
const OPENING_CHARACTERS_MAX = 6_000
/** Of one comment. */
const COMMENT_CHARACTERS_MAX = 3_000

export interface Written {
  /** An ISO time; whose it is does not matter. */
  readonly at: string
  readonly text: string
}

/** Whether any prompt of the plan names a value, as `subject.log`: what nobody asks for is not fetched. */
export function isNamed({ steps }: Pick<Plan, 'steps'>, value: string): boolean {
  return steps.some((step) => 'agent' in step && expressionsIn(step.promptText).includes(value))
}

/** The opening text and, after it, the newest comments that there is room for, the oldest of them first. */
export function discussion(opening: string, comments: readonly Written[] = []): string {
  const parts = [beginningOf(withoutAccounts(opening).trim(), OPENING_CHARACTERS_MAX)]
  let left = SUBJECT_TEXT_CHARACTERS_MAX - OPENING_CHARACTERS_MAX
  const shown: string[] = []
  for (const { at, text } of comments.toReversed()) {
    const comment = `A comment of ${at}:\n${beginningOf(withoutAccounts(text).trim(), COMMENT_CHARACTERS_MAX)}`
    left -= comment.length + 2
    if (left < 0) break
    shown.unshift(comment)
  }
  if (shown.length < comments.length) parts.push('[... older comments are left out ...]')
  return [...parts, ...shown].filter((part) => part !== '').join('\n\n')
}

/** What stands for the rest is the same length wherever a text is cut. */
const CUT = '\n[... the rest is left out ...]'

function beginningOf(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - CUT.length).toWellFormed()}${CUT}`
}

/** Code, where `@` begins a decorator or a package. */
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/
const MENTION = /(?<![\p{L}\p{N}_`./@-])@[a-z\d](?:-?[a-z\d]){0,38}(?![\p{L}\p{N}_@/-]|\.\p{L})/giu

/** Nobody is named beside what a run costs, not even by what people write. */
export function withoutAccounts(text: string): string {
  return text
    .split(CODE)
    .map((part, index) => (index % 2 === 0 ? part.replace(MENTION, 'somebody') : part))
    .join('')
}

/** At the beginning of each line of a job's log, and of `gh run view --log`, which names job and step before it. */
const STAMP = /^(?:[^\t\n]*\t[^\t\n]*\t)?\uFEFF?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?/gm
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are coloured by it
const COLOUR = /\u001B\[[\d;?]*[A-Za-z]/g
const ERROR = '##[error]'

/** The end of a job's log up to its last error, without what the runner says after it when it tidies up. */
export function failedLog(log: string): string {
  const plain = log.replaceAll('\r\n', '\n').replace(STAMP, '').replace(COLOUR, '')
  const error = plain.lastIndexOf(ERROR)
  const lineEnd = error < 0 ? -1 : plain.indexOf('\n', error)
  const text = (lineEnd < 0 ? plain : plain.slice(0, lineEnd)).trimEnd()
  if (text.length <= SUBJECT_LOG_CHARACTERS_MAX) return text
  const end = text.slice(-SUBJECT_LOG_CHARACTERS_MAX)
  // From the beginning of a line, where there is one.
  return end.slice(end.indexOf('\n') + 1).toWellFormed()
}
