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
  const found = secretPatterns.flatMap(({ name, pattern }) =>
    [...text.matchAll(pattern)]
      .filter(([value]) => !before.includes(value))
      .map(({ index }) => ({ name, line: lineAt(text, index) })),
  )
  // One value may be of two forms, as an Anthropic key is of OpenAI's too: the line is named once.
  const lines = found.map(({ line }) => line)
  return found
    .filter(({ line }, index) => lines.indexOf(line) === index)
    .sort((a, b) => a.line - b.line)
    .slice(0, CREDENTIALS_MAX)
}

export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line += 1
  return line
}
