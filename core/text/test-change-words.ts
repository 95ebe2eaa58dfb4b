/** How work loosens the tests that judge it, in sentences. What they quote of a file is data: show it by `prose`. */
import type { TestChange, TestChangeKind } from '../changes/test-changes.ts'

const says: Readonly<Record<TestChangeKind, (what: string) => string>> = {
  deleted: (what) => `is deleted, and ${what} with it`,
  removed: (what) => `no longer has the test ${what}`,
  skipped: (what) => `skips a test: ${what}`,
  alone: (what) => `leaves out all other tests: ${what}`,
  fewer: (what) => `asserts less in ${what}`,
  weaker: (what) => `asks for less: ${what}`,
  expects: (what) => `expects something else: ${what}`,
  runner: (what) => `changes which tests run, or how: ${what}`,
  unread: (what) => `changes a line too long to be read for tests: ${what}`,
}

export function testChangeSentence({ kind, path, line, what }: TestChange): string {
  const isCounted = kind === 'deleted' || what === 'what was recorded'
  const quoted = isCounted ? what : `\`${what.replaceAll('`', "'")}\``
  const where = kind === 'deleted' ? path : `${path}:${line}`
  return `\`${where.replaceAll('`', "'")}\` ${says[kind](quoted)}.`
}
