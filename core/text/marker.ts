/**
 * The hidden line that says what a text on GitHub belongs to, so that it can be found again. It only identifies: no
 * state is ever read out of it. It is always the very first line, so that nothing a model wrote further down can pass
 * for one; and since anybody can copy one, whoever looks for it checks the text's author too.
 */

/** The session's one comment, its final reply, a delivery made of words, or a refusal within the session. */
const parts = ['comment', 'reply', 'delivery', 'refusal'] as const
export type MarkedPart = (typeof parts)[number]

const SESSION =
  /^<!-- purser:session ([A-Za-z0-9_-]{1,64})(?: (reply|delivery|refusal)(?: [A-Za-z0-9_-]{1,64})?)? -->(?:\r?\n|$)/
const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/
const TRIAL = /^<!-- purser:trial ([a-z0-9+-]{1,50})\/([a-z0-9+-]{1,50}) at (\d{1,9}) -->(?:\r?\n|$)/

/**
 * `<!-- purser:session ID -->`. A session has a reply and a delivery for each of its runs: they name it. Throws on an id that
 * isn't letters, digits, `_` and `-`: ids are our own.
 */
export function sessionMarker(sessionId: string, part: MarkedPart = 'comment', runId?: string): string {
  for (const id of runId === undefined ? [sessionId] : [sessionId, runId]) {
    if (!SESSION_ID.test(id)) throw new RangeError('an id of letters, digits, "_" and "-" was expected')
  }
  const words = [sessionId, part === 'comment' ? undefined : part, runId].filter((word) => word !== undefined)
  return `<!-- purser:session ${words.join(' ')} -->`
}

/** The session and the part of it that a text's first line names. */
export function markerOf(body: string): { sessionId: string; part: MarkedPart } | undefined {
  const [, sessionId, named] = SESSION.exec(body) ?? []
  if (sessionId === undefined) return undefined
  return { sessionId, part: parts.find((part) => part === named) ?? 'comment' }
}

/** The session that a text's first line names, whatever part of it the text is. */
export function sessionIdOf(body: string): string | undefined {
  return markerOf(body)?.sessionId
}

const REVIEW = /^<!-- purser:review (\d{4}-\d{2}-\d{2}) -->(?:\r?\n|$)/

/** Which review an issue is, by the first day of its period. */
export function reviewMarker(from: string): string {
  return `<!-- purser:review ${from} -->`
}

export function reviewOf(body: string): string | undefined {
  return REVIEW.exec(body)?.[1]
}

/** Which proposal an issue is: the variant, and the settled runs at the checkpoint that decided. */
export function trialMarker(workflow: string, variant: string, settled: number): string {
  return `<!-- purser:trial ${workflow}/${variant} at ${settled} -->`
}

export function trialOf(body: string): { workflow: string; variant: string; settled: number } | undefined {
  const [, workflow, variant, settled] = TRIAL.exec(body) ?? []
  if (workflow === undefined || variant === undefined) return undefined
  return { workflow, variant, settled: Number(settled) }
}
