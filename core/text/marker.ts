/**
 * The hidden line that says which session a text belongs to. It only identifies: no state is ever read out of it.
 * It is always the first line, so that nothing a model wrote further down can pass for one.
 */

const MARKER = /^<!-- purser:session ([A-Za-z0-9_-]{1,64}) -->(?:\r?\n|$)/
const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/

/** `<!-- purser:session ID -->`. Throws on an id that isn't letters, digits, `_` and `-`: ids are our own. */
export function sessionMarker(sessionId: string): string {
  if (!SESSION_ID.test(sessionId)) throw new RangeError('a session id of letters, digits, "_" and "-" was expected')
  return `<!-- purser:session ${sessionId} -->`
}

/** The session that a comment, review or pull request names in its first line. Check its author as well. */
export function sessionIdOf(body: string): string | undefined {
  return MARKER.exec(body)?.[1]
}
