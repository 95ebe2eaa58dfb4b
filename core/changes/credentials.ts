/** What looks like a credential, and where: never the value itself. */
import { secretPatterns } from '../redact.ts'

export interface Credential {
  /** `a GitHub token` */
  readonly name: string
  /** From 1. */
  readonly line: number
}

/** Of one file; more would only repeat themselves. */
const CREDENTIALS_MAX = 10

/**
 * `text` and `before` are bytes as characters: every pattern is ASCII. What stood in the file before is not the work's
 * doing.
 */
export function credentialsIn(text: string, before = ''): Credential[] {
  const found = new Map<number, Credential>()
  for (const { name, pattern } of secretPatterns) {
    const old = new Set(before.match(pattern))
    // Matches come in their order: lines are counted on from the last one.
    let line = 1
    let lineFeed = text.indexOf('\n')
    for (const { 0: value, index } of text.matchAll(pattern)) {
      if (old.has(value)) continue
      for (; lineFeed >= 0 && lineFeed < index; lineFeed = text.indexOf('\n', lineFeed + 1)) line += 1
      // One value may be of two forms, as an Anthropic key is of OpenAI's too: the line is named once.
      if (!found.has(line)) found.set(line, { name, line })
    }
  }
  return [...found.values()].sort((a, b) => a.line - b.line).slice(0, CREDENTIALS_MAX)
}
