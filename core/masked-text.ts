/** Text without what differs from one run to the next for no reason of anybody's: how long something took, when, and under which number. */

const MASKS: readonly (readonly [RegExp, string])[] = [
  // Where long output was cut depends on the digits before: the lines at the cut are part of it.
  [/[^\n]*\n\[\.\.\. \d+ (?:bytes|characters) in all[^\n]*\n[^\n]*/g, '<cut>'],
  [/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?/g, '<time>'],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, '<time>'],
  [/\bduration_ms:? \d+(?:\.\d+)?/g, 'duration_ms <time>'],
  [/\b\d+(?:[.,]\d+)?\s?(?:ns|µs|us|ms|milliseconds?|s|secs?|seconds?|m|min|mins|minutes?)\b/g, '<time>'],
  [/\(node:\d+\)/g, '(node:<pid>)'],
  // Where the workspace lies for a command that is not confined, and for one that is.
  [/\/tmp\/purser-[A-Za-z0-9]+\/work/g, '/tmp/work'],
]

export function maskedText(text: string): string {
  return MASKS.reduce((masked, [pattern, stand]) => masked.replace(pattern, stand), text)
}
