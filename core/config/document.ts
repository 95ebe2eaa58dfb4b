/** From the text of a YAML file to its value and the places of its parts, or the one problem that stands in the way. */

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  stringify,
  type YAMLError,
} from 'yaml'
import { nameCodePoint } from '../code-point.ts'
import { isMapping } from '../mapping.ts'
import { grouped } from '../money/money.ts'
import { LAYER_FILE_BYTES_MAX } from './configuration.ts'
import type { Finding, Problem } from './problem.ts'

/** Nesting of values, columns of indentation, and values in a file after its aliases are expanded. */
const DEPTH_MAX = 32
const INDENT_COLUMNS_MAX = 64
const VALUES_MAX = 20_000
/** Words and marks before parsing, since the parser's time grows with the square of keys in one mapping. */
const LEXEMES_MAX = 10_000
const ALIASES_MAX = 100

/** A value as YAML that a person would write: no aliases, and long lines left as they are. */
export function writeYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
}

export type Path = readonly (string | number)[]

export interface Position {
  readonly line: number
  readonly column: number
}

/** A file that was read: where it lies for a person, what it says, and where each part of it stands. */
export interface Source {
  readonly file: string
  readonly value: unknown
  /** The place of a value, or of its key; of the nearest part above it when there is no such value. */
  locate(path: Path, part?: 'key' | 'value'): Position
  /** Whether the file itself has something at that path. */
  has(path: Path): boolean
  /** The path as it is in the file, where the value is made from more than the file. */
  shown(path: Path): Path
}

/** `lineOffset` lines stand above `text` in the file; `example` is a key of such a file. */
export function readYaml(
  file: string,
  text: string,
  { lineOffset = 0, example = 'version: 1' } = {},
): Source | { problems: readonly Problem[] } {
  const refuse = (finding: Finding, { line, column }: Position = { line: 1, column: 1 }, path = '') => ({
    problems: [{ file, line, column, path, ...finding, severity: 'error' as const }],
  })
  const clean = '\n'.repeat(lineOffset) + withoutByteOrderMark(text)
  const unfit = unfitText(clean) ?? unfitShape(clean)
  if (unfit) return refuse(unfit, unfit.position)

  const lines = new LineCounter()
  const document = parseDocument(clean, {
    lineCounter: lines,
    stringKeys: true,
    resolveKnownTags: false,
    // `silent` would also hide that there is more than one document.
    logLevel: 'error',
  })
  const [error] = [...document.errors, ...document.warnings]
  if (error) {
    const unclosed = /^Flow /.test(error.message) ? unclosedFlow(clean, error.pos[0]) : undefined
    if (unclosed) return refuse(unclosed.finding, positionAt(lines, unclosed.offset))
    return refuse(syntaxFinding(error), positionAt(lines, error.pos[0]))
  }

  const root = document.contents
  const located = { root, lines, resolve: (node: Node) => (isAlias(node) ? node.resolve(document) : node) }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX })
  } catch (cause) {
    // The library throws a ReferenceError for both kinds of alias that can't be followed.
    if (cause instanceof ReferenceError) return refuse(ALIASES)
    throw cause
  }
  const source = sourceOf(file, value, located)
  const bad = unfitValue(value)
  if (bad?.finding === NOT_A_NAME) return refuse(bad.finding, source.locate(bad.path, 'key'), bad.path.join('.'))
  if (bad) return refuse(bad.finding, source.locate(bad.path))
  if (value === null || value === undefined) return refuse({ ...EMPTY, example })
  if (!isMapping(value)) return refuse({ ...NOT_A_MAPPING, example }, source.locate([]))
  return source
}

/** The first reason why a text, of whatever kind, can't be taken in: its size, or a character that misleads its readers. */
export function unfitText(text: string): (Finding & { position: Position }) | undefined {
  if (text.length > LAYER_FILE_BYTES_MAX || Buffer.byteLength(text) > LAYER_FILE_BYTES_MAX) {
    return {
      wrong: `longer than ${grouped(LAYER_FILE_BYTES_MAX)} bytes`,
      expected: 'a file that a person reads',
      example: 'a few hundred lines',
      position: { line: 1, column: 1 },
    }
  }
  const misleading = MISLEADING.exec(text)
  if (!misleading) return undefined
  const before = text.slice(0, misleading.index).split('\n')
  const position = { line: before.length, column: (before.at(-1) ?? '').length + 1 }
  return { ...unseenFinding(misleading[0]), position }
}

/**
 * Characters that make a file read differently from what it says: controls, bidirectional and zero-width characters,
 * tags. Joiners stay, since scripts and emoji need them.
 */
const MISLEADING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/

function unseenFinding(character: string): Finding {
  // What a decoder puts in place of bytes that it can't read.
  if (character === '\ufffd') {
    return {
      wrong: 'not UTF-8 at this place',
      expected: 'a file that is saved as UTF-8',
      example: 'the same line typed anew',
    }
  }
  return {
    wrong: `contains ${nameCodePoint(character.codePointAt(0) ?? 0)}, which readers can’t see`,
    expected: 'text that reads as it is written',
    example: 'the same line typed anew',
  }
}

const ALIASES: Finding = {
  wrong: 'aliases (`*name`) that can’t be followed or expand to too much',
  expected: 'values written out, or few aliases',
  example: 'cap: { usd: 2.50 }',
}
const TOO_MANY: Finding = {
  wrong: 'too many values, counting what aliases repeat',
  expected: 'a file that a person reads',
  example: 'a few hundred lines',
}
const EMPTY = { wrong: 'the file is empty', expected: 'keys and values' }
const NOT_A_MAPPING = { wrong: 'the file is not a mapping', expected: 'keys and values at the top' }
/** Schemas pass over a key of this name, with whatever it holds, and say nothing of it. */
const UNNAMEABLE = '__proto__'
const NOT_A_NAME: Finding = {
  wrong: `"${UNNAMEABLE}" is not a name`,
  expected: 'lower-case letters, digits, "-" and "+"',
  example: 'refactor+tests',
}
const TOO_DEEP: Finding = {
  wrong: 'values are nested too deeply',
  expected: `at most ${DEPTH_MAX} levels and ${INDENT_COLUMNS_MAX} columns of indentation`,
  example: 'cap: { usd: 2.50 }',
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/**
 * Looks for deep nesting and sheer number before the parser, which recurses, sees the text. A block needs a column or an indicator of
 * its own for each level, so columns, indicators in one line and open brackets bound the depth.
 */
function unfitShape(text: string): (Finding & { position: Position }) | undefined {
  let line = 1
  let brackets = 0
  let indicators = 0
  let indent = 0
  let lineBegins = true
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    const mark = lexeme[0]
    // The lexer's own marks are single control characters.
    if (lexeme > ' ' && mark !== ' ' && mark !== '\n' && mark !== '#') lexemes += 1
    if (lexemes > LEXEMES_MAX) return { ...TOO_MANY, position: { line, column: 1 } }
    if (lexeme === '[' || lexeme === '{') brackets += 1
    else if (lexeme === ']' || lexeme === '}') brackets -= 1
    else if (lexeme === '?' || ((lexeme === '-' || lexeme === ':') && brackets === 0)) indicators += 1
    if (lineBegins) indent = mark === ' ' ? lexeme.length : 0
    const structure = mark !== ' ' && mark !== '#' && !lexeme.includes('\n')
    if (
      brackets > DEPTH_MAX ||
      indicators > DEPTH_MAX ||
      (structure && brackets === 0 && indent > INDENT_COLUMNS_MAX)
    ) {
      return { ...TOO_DEEP, position: { line, column: 1 } }
    }
    lineBegins = lexeme.endsWith('\n')
    if (lineBegins) {
      line += lexeme.split('\n').length - 1
      indicators = 0
      indent = 0
    }
  }
  return undefined
}

/** Circles and expansions that aliases make, misleading characters that escapes (`"\u202e"`) make, and the one key that is none. */
function unfitValue(root: unknown): { finding: Finding; path: Path } | undefined {
  let values = 0
  const above = new Set<unknown>()
  const look = (value: unknown, path: Path): { finding: Finding; path: Path } | undefined => {
    values += 1
    if (values > VALUES_MAX) return { finding: TOO_MANY, path: [] }
    if (path.length > DEPTH_MAX) return { finding: TOO_DEEP, path: [] }
    if (typeof value === 'string') {
      const misleading = MISLEADING.exec(value)
      return misleading ? { finding: unseenFinding(misleading[0]), path } : undefined
    }
    if (typeof value !== 'object' || value === null) return undefined
    if (above.has(value)) return { finding: ALIASES, path: path.slice(0, -1) }
    above.add(value)
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
    for (const [key, inner] of entries) {
      if (key === UNNAMEABLE) return { finding: NOT_A_NAME, path: [...path, key] }
      const unfit = (typeof key === 'string' ? look(key, path) : undefined) ?? look(inner, [...path, key])
      if (unfit) return unfit
    }
    above.delete(value)
    return undefined
  }
  return look(root, [])
}

/** The lexer's own marks, which stand for nothing in the text. */
const LEXER_MARKS = ['\u0002', '\u0018', '\u001f']

/** The list or mapping in brackets that is still open where the parser gave up: that is where a person mends it. */
function unclosedFlow(text: string, end: number): { offset: number; finding: Finding } | undefined {
  const open: { offset: number; bracket: string }[] = []
  let offset = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (LEXER_MARKS.includes(lexeme)) continue
    if (offset >= end) break
    if (lexeme === '[' || lexeme === '{') open.push({ offset, bracket: lexeme })
    else if (lexeme === ']' || lexeme === '}') open.pop()
    offset += lexeme.length
  }
  const last = open.at(-1)
  if (!last) return undefined
  const finding =
    last.bracket === '['
      ? { wrong: 'a list that is never closed', expected: '] at its end', example: 'workflows: [review]' }
      : {
          wrong: 'a mapping that is never closed',
          expected: '} at its end',
          example: 'budget: { usd: 40, per: month }',
        }
  return { offset: last.offset, finding }
}

/** The parser's own words for what needs none of ours are left as they are. */
function syntaxFinding(error: YAMLError): Finding {
  const own: Partial<Record<YAMLError['code'], Finding>> = {
    DUPLICATE_KEY: {
      wrong: 'the same key stands twice in one mapping',
      expected: 'each key once',
      example: 'the two merged into one',
    },
    TAB_AS_INDENT: { wrong: 'a tab indents this line', expected: 'blanks', example: 'two blanks for each level' },
    MULTIPLE_DOCS: {
      wrong: 'a second document begins here',
      expected: 'one document in a file',
      example: 'the file without the `---` in its middle',
    },
    RESOURCE_EXHAUSTION: TOO_DEEP,
    TAG_RESOLVE_FAILED: {
      wrong: 'a YAML tag that means nothing here',
      expected: 'plain values',
      example: 'ends: 2026-12-31',
    },
    NON_STRING_KEY: { wrong: 'a key that is not text', expected: 'plain keys', example: 'goal: { type: string }' },
    BAD_ALIAS: ALIASES,
  }
  const [said = ''] = error.message.replace(/ at line \d+, column \d+:?/, '').split('\n')
  return (
    own[error.code] ?? {
      wrong: `not YAML: ${said.charAt(0).toLowerCase()}${said.slice(1, 200)}`,
      expected: 'keys and values, indented by blanks',
      example: 'budget: { usd: 40, per: month }',
    }
  )
}

interface Located {
  readonly root: Node | null
  readonly lines: LineCounter
  resolve(node: Node): Node | undefined
}

function sourceOf(file: string, value: unknown, located: Located): Source {
  const { lines, root } = located
  return {
    file,
    value,
    locate: (path, part = 'value') => {
      const found = find(located, path)
      const node = part === 'key' ? (found.key ?? found.value) : (found.value ?? found.key)
      return positionAt(lines, (node ?? root)?.range?.[0] ?? 0)
    },
    has: (path) => find(located, path).whole,
    shown: (path) => path,
  }
}

interface Found {
  readonly key: Node | undefined
  readonly value: Node | undefined
  /** Whether the whole path was there. */
  readonly whole: boolean
}

/** Follows a path through mappings, lists and aliases as far as it goes. */
function find({ root, resolve }: Located, path: Path): Found {
  let found: Found = { key: undefined, value: root ?? undefined, whole: root !== null }
  for (const step of path) {
    const parent = found.value && resolve(found.value)
    const pair = isMap<Node, Node | null>(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      : undefined
    const item = isSeq<Node>(parent) ? parent.items[Number(step)] : undefined
    if (pair) found = { key: pair.key, value: pair.value ?? undefined, whole: true }
    else if (item) found = { key: undefined, value: item, whole: true }
    // The key of the mapping that lacks something is what a person looks for, not the mapping's first line.
    else return { key: found.key, value: found.key ?? found.value, whole: false }
  }
  return found
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}
