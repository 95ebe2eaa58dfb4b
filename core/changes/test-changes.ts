/**
 * How work loosens the tests that judge it: cases that are gone, skipped or run alone, assertions that are fewer or ask
 * for less. It reads the lines of common frameworks and knows no syntax, so it names what a reader should look at and
 * misses what is well hidden; it proves nothing.
 */
import { TEST_CHANGE_CHARACTERS_MAX, TEST_CHANGES_MAX, TEST_LINE_CHARACTERS_MAX } from './test-bounds.ts'
import { type Language, languageOf } from './test-languages.ts'
import { maySetRunner, runnerChange } from './test-runners.ts'

/** A file of a change. `undefined`: not there before, or no more. */
export interface FileChange {
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

export type TestChangeKind =
  | 'deleted'
  | 'removed'
  | 'skipped'
  | 'alone'
  | 'fewer'
  | 'weaker'
  | 'expects'
  | 'unread'
  | 'runner'

export interface TestChange {
  readonly kind: TestChangeKind
  readonly path: string
  /** In the file as it is now; of what is gone, as it was. */
  readonly line: number
  /** The case's name or the line itself, as it stands in the file: data. */
  readonly what: string
}

const SNAPSHOT = /(^|\/)__snapshots__\/|\.snap$/

/** Whether a file's old content has to be known. */
export function mayHoldTests(path: string): boolean {
  return SNAPSHOT.test(path) || languageOf(path) !== undefined || maySetRunner(path)
}

export function testChanges(files: readonly FileChange[]): TestChange[] {
  const read = files.flatMap((file) => {
    const language = languageOf(file.path)
    if (language === undefined) return []
    return [{ file, before: readTests(file.before, language), after: readTests(file.after, language), language }]
  })
  // What was only moved to another file is still there.
  const everywhere = new Set(read.flatMap(({ after }) => after.cases.map(({ name }) => name)))
  const lines = new Set(read.flatMap(({ after }) => [...after.assertions, ...after.unread].map(({ text }) => text)))
  const found = read.flatMap((one) => [
    ...goneCases(one, everywhere),
    ...addedMarks(one),
    ...looserAssertions(one, lines),
    ...unreadLines(one, lines),
  ])
  return [...snapshots(files), ...runners(files), ...found].slice(0, TEST_CHANGES_MAX)
}

interface Line {
  readonly text: string
  readonly line: number
}

interface Case extends Line {
  readonly name: string
}

interface Assertion extends Line {
  /** The case that it stands in; empty before the first. */
  readonly case: string
}

interface Tests {
  readonly cases: readonly Case[]
  readonly skips: readonly Line[]
  readonly alone: readonly Line[]
  readonly assertions: readonly Assertion[]
  /** Too long to be read. */
  readonly unread: readonly Line[]
}

interface ReadFile {
  readonly file: FileChange
  readonly before: Tests
  readonly after: Tests
  readonly language: Language
}

const NO_TESTS: Tests = { cases: [], skips: [], alone: [], assertions: [], unread: [] }

function readTests(content: string | undefined, language: Language): Tests {
  if (content === undefined) return NO_TESTS
  const all = content.split('\n').map((text, index) => ({ text: text.trim(), line: index + 1 }))
  const start = language.start === undefined ? 0 : all.findIndex(({ text }) => language.start?.test(text))
  if (start < 0) return NO_TESTS
  const said = outsideBlocks(all.slice(start), language).filter(
    ({ text }) => text !== '' && !language.comment.test(text),
  )
  const lines = said.filter(isReadable)
  const cases: Case[] = []
  const assertions: Assertion[] = []
  for (const { text, line } of lines) {
    const name = language.cases.map((pattern) => pattern.exec(text)?.groups?.name).find((one) => one !== undefined)
    if (name !== undefined) cases.push({ name, text, line })
    if (language.assertion.test(text)) assertions.push({ text, line, case: cases.at(-1)?.name ?? '' })
  }
  return {
    cases,
    assertions,
    skips: lines.filter(({ text }) => language.skip.test(text)),
    alone: lines.filter(({ text }) => language.alone?.test(text)),
    unread: said.filter((line) => !isReadable(line)),
  }
}

/** Without the lines of comments that go over several, in which a whole file of tests may be put to sleep. */
function outsideBlocks(lines: readonly Line[], { block, blockEnd }: Language): Line[] {
  let isInside = false
  return lines.filter(({ text }) => {
    if (isInside) {
      isInside = !blockEnd.test(text)
      return false
    }
    const opening = block.exec(text)?.[0]
    isInside = opening !== undefined && !blockEnd.test(text.slice(opening.length))
    return !isInside
  })
}

function isReadable({ text }: Line): boolean {
  return text.length <= TEST_LINE_CHARACTERS_MAX
}

function goneCases({ file, before }: ReadFile, everywhere: ReadonlySet<string>): TestChange[] {
  const gone = before.cases.filter(({ name }) => !everywhere.has(name))
  if (file.after === undefined && gone.length > 0) {
    return [change('deleted', file, 1, gone.length === 1 ? 'one test' : `${gone.length} tests`)]
  }
  return gone.map(({ name, line }) => change('removed', file, line, name))
}

function addedMarks({ file, before, after }: ReadFile): TestChange[] {
  return [
    ...added(before.skips, after.skips).map(({ text, line }) => change('skipped', file, line, text)),
    ...added(before.alone, after.alone).map(({ text, line }) => change('alone', file, line, text)),
  ]
}

/** Whatever such a line says, it may loosen a test: one that is new, or gone from all files, is for a reader to judge. */
function unreadLines({ file, before, after }: ReadFile, elsewhere: ReadonlySet<string>): TestChange[] {
  const fresh = added(before.unread, after.unread)
  const gone = added(after.unread, before.unread).filter(({ text }) => !elsewhere.has(text))
  return [...fresh, ...gone.slice(fresh.length)].map(({ text, line }) => change('unread', file, line, text))
}

/** Within a case that was there before and still is; a case that is gone is named as such. */
function looserAssertions(read: ReadFile, elsewhere: ReadonlySet<string>): TestChange[] {
  const { file, before, after } = read
  if (file.before === undefined || file.after === undefined) return []
  const kept = new Map(after.cases.map((one) => [one.name, one]))
  const names = new Set(['', ...before.cases.map(({ name }) => name)])
  const [was, is] = [before, after].map(({ assertions }) => Map.groupBy(assertions, (one) => one.case))
  return [...names].flatMap((name): TestChange[] => {
    if (name !== '' && !kept.has(name)) return []
    const [old, now] = [was?.get(name) ?? [], is?.get(name) ?? []]
    const gone = added(now, old).filter(({ text }) => !elsewhere.has(text))
    return looserIn(read, gone, added(old, now), kept.get(name))
  })
}

function looserIn(
  { file, language }: ReadFile,
  gone: readonly Line[],
  fresh: readonly Line[],
  where: Case | undefined,
): TestChange[] {
  const fewer = gone.length - fresh.length
  const pairs = gone.slice(0, fresh.length).map((old, index): TestChange[] => {
    const now = fresh[index]
    if (now === undefined) return []
    if (asksLess(old.text, now.text, language)) return [change('weaker', file, now.line, now.text)]
    return asksElse(old.text, now.text) ? [change('expects', file, now.line, now.text)] : []
  })
  const [first] = gone
  const lost = fewer > 0 && first ? [change('fewer', file, where?.line ?? first.line, where?.name ?? first.text)] : []
  return [...pairs.flat(), ...lost]
}

function asksLess(old: string, now: string, { exact, loose, vacuous }: Language): boolean {
  if (vacuous.test(now)) return !vacuous.test(old)
  return exact.test(old) && !exact.test(now) && loose.test(now)
}

/** The same question with another answer. */
function asksElse(old: string, now: string): boolean {
  const question = (text: string) =>
    text.slice(0, Math.max(text.lastIndexOf(','), text.lastIndexOf('('), answerAt(text)))
  return question(old) !== '' && question(old) === question(now)
}

/** Where the last comparison begins: `==`, `===`, `!=` or `!==`. */
function answerAt(text: string): number {
  let at = Math.max(text.lastIndexOf('=='), text.lastIndexOf('!='))
  while (at > 0 && text[at] === '=' && (text[at - 1] === '=' || text[at - 1] === '!')) at -= 1
  return at
}

/** The lines of `after` that `before` has not, each as often as it is there more. */
function added<Found extends Line>(before: readonly Line[], after: readonly Found[]): Found[] {
  const left = new Map<string, number>()
  for (const { text } of before) left.set(text, (left.get(text) ?? 0) + 1)
  return after.filter(({ text }) => {
    const times = left.get(text) ?? 0
    if (times > 0) left.set(text, times - 1)
    return times === 0
  })
}

function snapshots(files: readonly FileChange[]): TestChange[] {
  return files
    .filter(({ path, before }) => SNAPSHOT.test(path) && before !== undefined)
    .map((file) => change(file.after === undefined ? 'deleted' : 'expects', file, 1, 'what was recorded'))
}

/** Where other tests may run than did: once for each file. */
function runners(files: readonly FileChange[]): TestChange[] {
  return files.flatMap((file) => {
    const what = runnerChange(file.path, file.before, file.after)
    if (what === undefined) return []
    // A setting over several lines of a package begins with its name alone.
    const begun = (file.after ?? file.before ?? '').split('\n').map((text) => text.trim().replace(/[\s,{[]+$/, ''))
    const at = begun.findIndex((text) => text !== '' && what.startsWith(text))
    return [change('runner', file, Math.max(at, 0) + 1, what)]
  })
}

function change(kind: TestChangeKind, { path }: FileChange, line: number, what: string): TestChange {
  return { kind, path, line, what: what.slice(0, TEST_CHANGE_CHARACTERS_MAX).toWellFormed() }
}
