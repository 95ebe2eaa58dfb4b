/** Text without what differs from one run to the next for no reason of anybody's: how long something took, when, and under which number. */

const CUT = '<cut>'
/** By so many lines the place of a cut may move, since the digits before it are more or fewer. */
const CUT_LINES_MAX = 3

const MASKS: readonly (readonly [RegExp, string])[] = [
  // Where long output was cut depends on the digits before: the lines at the cut are part of it. A line is entered at its beginning alone.
  [/(?:(?<![^\n])[^\n]*)?\n\[\.\.\. \d+ (?:bytes|characters) in all[^\n]*\n[^\n]*/g, CUT],
  [/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?/g, '<time>'],
  [/\b\d{4}-\d{2}-\d{2}\b/g, '<day>'],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, '<time>'],
  [/\bduration_ms:? \d+(?:\.\d+)?/g, 'duration_ms <time>'],
  [/\b\d+(?:[.,]\d+)?\s?(?:ns|µs|us|ms|milliseconds?|s|secs?|seconds?|m|min|mins|minutes?)\b/g, '<time>'],
  [/\(node:\d+\)/g, '(node:<pid>)'],
  // Where the workspace lies for a command that is not confined, and for one that is.
  [/\/tmp\/purser-[A-Za-z0-9]+\/work\b/g, '/tmp/repo'],
]

/** Whether two texts differ in nothing else. */
export function sameMasked(first: string, second: string): boolean {
  const [a, b] = [maskedText(first), maskedText(second)]
  if (a === b) return true
  const [parts, others] = [a.split(CUT), b.split(CUT)]
  if (parts.length === 1 || parts.length !== others.length) return false
  return parts.every((part, index) => {
    const other = others[index] ?? ''
    const [longer, shorter] = part.length > other.length ? [part, other] : [other, part]
    if (longer.split('\n').length - shorter.split('\n').length > 2 * CUT_LINES_MAX) return false
    // What lies before a cut has its end moved, what lies behind one its beginning.
    if (index === 0) return longer.startsWith(shorter.trimEnd())
    return index === parts.length - 1 ? longer.endsWith(shorter.trimStart()) : longer.includes(shorter.trim())
  })
}

export function maskedText(text: string): string {
  return MASKS.reduce((masked, [pattern, stand]) => masked.replace(pattern, stand), text)
}
