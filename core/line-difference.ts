/** Two texts side by side for a reader: what they begin and end with alike is left out but for the lines around the difference. */

const CONTEXT_LINES = 2
/** Of each side. */
const SHOWN_LINES_MAX = 30

/** `- ` before a line of the first, `+ ` before one of the second; none where they are the same. */
export function lineDifference(first: string, second: string): string[] {
  if (first === second) return []
  const [a, b] = [first.split('\n'), second.split('\n')]
  const shorter = Math.min(a.length, b.length)
  let head = 0
  while (head < shorter && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1
  return [
    ...a.slice(Math.max(0, head - CONTEXT_LINES), head).map((line) => `  ${line}`),
    ...bounded(a.slice(head, a.length - tail)).map((line) => `- ${line}`),
    ...bounded(b.slice(head, b.length - tail)).map((line) => `+ ${line}`),
    ...a.slice(a.length - tail, a.length - tail + CONTEXT_LINES).map((line) => `  ${line}`),
  ]
}

function bounded(lines: readonly string[]): readonly string[] {
  if (lines.length <= SHOWN_LINES_MAX) return lines
  return [...lines.slice(0, SHOWN_LINES_MAX), `[... ${lines.length - SHOWN_LINES_MAX} more lines ...]`]
}
