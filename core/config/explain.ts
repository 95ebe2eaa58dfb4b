/** What a schema refused, in plain words: `wrong; expected ...; for example ...` at the exact place in the file. */
import { z } from 'zod/mini'
import { firstNonAscii, nameCodePoint } from '../code-point.ts'
import { isMapping } from '../mapping.ts'
import { nearest } from '../nearest.ts'
import type { Path, Source } from './document.ts'
import { exampleOf, flowYaml, type JsonSchema, schemaAt, typeWords } from './json-schema.ts'
import type { Finding, Problem } from './problem.ts'

type Issue = z.core.$ZodIssue

/** Of one file; more would only repeat themselves. */
const PROBLEMS_PER_FILE_MAX = 100
/** Names that an "expected one of" lists. */
const NAMES_SHOWN_MAX = 20

/** Of those, what is said of names, ids and the like. */
const NAMING = /\b(name|id)$/

/** `wrong; expected ...; for example ...`, the form in which `units.ts` and its kind write their messages. */
const OWN_MESSAGE = /^(.+?); expected (.+?); for example (.+)$/s

export type Checked<T> = { readonly value: T } | { readonly problems: readonly Problem[] }

/** Holds a value against a schema. `sources` are the files it came from, the one that stands above first. */
export function checkSchema<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  sources: readonly Source[],
): Checked<z.output<Schema>> {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data }
  const unfolded = result.error.issues.flatMap((issue) => unfold(issue, []))
  const ofOtherType = new Set(unfolded.flatMap((one) => (one.code === 'invalid_type' ? [one.path.join('.')] : [])))
  const issues = unfolded
    // A text where a list belongs has a length too, which says nothing of the list's.
    .filter((one) => !((one.code === 'too_big' || one.code === 'too_small') && ofOtherType.has(one.path.join('.'))))
    .slice(0, PROBLEMS_PER_FILE_MAX)
  const json = jsonSchemaOf(schema)
  const misspelled = issues.flatMap((issue) => meantKey(issue, value, json) ?? [])
  return {
    problems: issues
      // A key that is only written wrong is named there, and does not count as missing too.
      .filter((issue) => !(isMissing(value, pathOf(issue)) && misspelled.includes(pathOf(issue).join('.'))))
      .map((issue) => problemOf(issue, value, json, sources)),
  }
}

const jsonSchemas = new WeakMap<z.ZodMiniType, JsonSchema>()

export function jsonSchemaOf(schema: z.ZodMiniType): JsonSchema {
  const known = jsonSchemas.get(schema)
  if (known) return known
  const json: JsonSchema = z.toJSONSchema(schema, { io: 'input' })
  jsonSchemas.set(schema, json)
  return json
}

/** Resolves unions to what was most likely meant, and unknown keys to one issue each. Paths become whole. */
function unfold(issue: Issue, above: Path): Issue[] {
  const path = [...above, ...pathOf(issue)]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ ...issue, keys: [key], path: [...path, key] }))
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }]
  const [best, next] = [...issue.errors].sort((first, second) => strangeKeys(first) - strangeKeys(second))
  // No option knows more of the keys than another, so the union itself says what it takes.
  if (!best || !next || strangeKeys(best) === strangeKeys(next)) return [{ ...issue, path }]
  return best.flatMap((inner) => unfold(inner, path))
}

/** How many of the keys that were written an option does not know; one that takes something else than a mapping knows none. */
function strangeKeys(issues: readonly Issue[]): number {
  return issues
    .filter((issue) => issue.path.length === 0)
    .reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : ofOtherKind(issue)), 0)
}

/** A word where a mapping was meant, or the other way round: as strange as one key. */
function ofOtherKind(issue: Issue): number {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' ? 1 : 0
}

/** The path of the key that an unknown one most likely means. */
function meantKey(issue: Issue, value: unknown, schema: JsonSchema): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined
  const path = pathOf(issue)
  const above = path.slice(0, -1)
  const { properties = {} } = meantOption(schemaAt(schema, above), valueAt(value, above))
  const near = nearest(String(path.at(-1)), Object.keys(properties))
  return near === undefined ? undefined : [...above, near].join('.')
}

function problemOf(issue: Issue, value: unknown, schema: JsonSchema, sources: readonly Source[]): Problem {
  const path = pathOf(issue)
  const isKey = issue.code === 'unrecognized_keys' || issue.code === 'invalid_key'
  return problemAt(sources, path, findingOf(issue, path, value, schema), 'error', isKey ? 'key' : 'value')
}

/** A problem at a path of the first source that has it, or of the nearest thing above it. */
export function problemAt(
  sources: readonly Source[],
  path: Path,
  finding: Finding,
  severity: Problem['severity'] = 'error',
  part: 'key' | 'value' = 'value',
): Problem {
  let shown = path
  let source = sources.find((one) => one.has(shown))
  while (!source && shown.length > 0) {
    shown = shown.slice(0, -1)
    source = sources.find((one) => one.has(shown))
  }
  const { line, column } = source?.locate(path, part) ?? { line: 1, column: 1 }
  return {
    file: source?.file ?? sources[0]?.file ?? '',
    line,
    column,
    path: (source?.shown(path) ?? path).join('.'),
    ...finding,
    severity,
  }
}

function findingOf(issue: Issue, path: Path, value: unknown, schema: JsonSchema): Finding {
  const node = schemaAt(schema, path, value)
  const key = path.at(-1)
  const example = key === undefined || typeof key === 'number' ? exampleOf(node) : `${key}: ${exampleOf(node)}`
  if (issue.code === 'unrecognized_keys')
    return unknownKey(
      String(key),
      meantOption(schemaAt(schema, path.slice(0, -1)), valueAt(value, path.slice(0, -1)), String(key)),
    )
  if (isMissing(value, path)) {
    return { wrong: 'is missing', expected: node.description ? lowerFirst(node.description) : typeWords(node), example }
  }
  const own = OWN_MESSAGE.exec(issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? '') : issue.message)
  if (own) {
    const written = issue.code === 'invalid_key' ? key : valueAt(value, path)
    // What stands when the key is left out says more than an example that fits every key of its kind.
    const fitting = typeof node.default === 'string' ? exampleOf(node) : own[3]
    return { wrong: withValue(own[1] ?? '', written), expected: own[2] ?? '', example: fitting ?? '' }
  }
  return {
    ...plainFinding(issue, value, path, node),
    ...(node.enum ? choice(valueAt(value, path), node.enum) : { example }),
  }
}

/** `not an amount` -> `"lots" is not an amount`; a letter that only looks right is named by its code point. */
function withValue(wrong: string, written: unknown): string {
  if (!wrong.startsWith('not ') || typeof written === 'object' || written === undefined) return wrong
  const foreign = typeof written === 'string' && NAMING.test(wrong) ? firstNonAscii(written) : undefined
  const strange = foreign === undefined ? '' : `: ${nameCodePoint(foreign.codePoint)} is no plain letter`
  return `${shown(written)} is ${wrong}${strange}`
}

/** Our own sentence for each kind of issue that a schema raises by itself. */
function plainFinding(issue: Issue, value: unknown, path: Path, node: JsonSchema): Pick<Finding, 'wrong' | 'expected'> {
  const expected = typeWords(node)
  const found = valueAt(value, path)
  switch (issue.code) {
    case 'invalid_type':
      return { wrong: `is ${kindWords(found)}`, expected }
    case 'too_small':
      return {
        wrong:
          found === '' || (Array.isArray(found) && found.length === 0)
            ? 'is empty'
            : outOfBounds(found, 'short', 'small'),
        expected: bound('at least', issue.minimum, issue.origin),
      }
    case 'too_big':
      return { wrong: outOfBounds(found, 'long', 'large'), expected: bound('at most', issue.maximum, issue.origin) }
    case 'invalid_value':
    case 'invalid_union':
      return { wrong: `is ${shown(found)}`, expected }
    case 'invalid_key':
      return { wrong: 'is not a name that stands here', expected: 'a short name' }
    default:
      return { wrong: `is ${shown(found)}`, expected }
  }
}

function outOfBounds(found: unknown, text: string, other: string): string {
  if (Array.isArray(found)) return `has ${found.length} ${found.length === 1 ? 'entry' : 'entries'}`
  return typeof found === 'string' ? `${shown(found)} is too ${text}` : `${shown(found)} is too ${other}`
}

function unknownKey(key: string, parent: JsonSchema): Finding {
  const known = Object.keys(parent.properties ?? {})
  const meant = nearest(key, known) ?? known[0]
  const near = nearest(key, known)
  const list = known.length > 0 ? `one of ${known.slice(0, NAMES_SHOWN_MAX).join(', ')}` : 'no keys here'
  return {
    wrong: 'is no key of this mapping',
    expected: near === undefined ? list : `${near}, or ${list}`,
    example: meant === undefined ? '{}' : `${meant}: ${exampleOf(schemaAt(parent, [meant]))}`,
  }
}

/**
 * Of alternatives the one that knows the most of the keys that were written and disagrees with none of its constants; `strange`
 * is a key that it does not know.
 */
function meantOption(schema: JsonSchema, written: unknown, strange?: string): JsonSchema {
  const options = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter(
    ({ properties }) => properties && !(strange !== undefined && Object.hasOwn(properties, strange)),
  )
  const entries = isMapping(written) ? Object.entries(written) : []
  const score = ({ properties = {} }: JsonSchema) =>
    entries.reduce((sum, [key, value]) => {
      const known = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (typeof known !== 'object') return sum
      return sum + (known.const === undefined || known.const === value ? 1 : -entries.length)
    }, 0)
  return options.toSorted((first, second) => score(second) - score(first))[0] ?? schema
}

function choice(found: unknown, choices: readonly unknown[]): Finding {
  const names = choices.map(String)
  const near = typeof found === 'string' ? nearest(found, names) : undefined
  return {
    wrong: `is ${shown(found)}`,
    expected: names.length === 1 ? names.join() : `one of ${names.join(', ')}`,
    example: near ?? names[0] ?? '',
  }
}

function bound(words: string, amount: number | bigint, origin: string): string {
  const units: Record<string, [string, string]> = { string: ['character', 'characters'], array: ['entry', 'entries'] }
  const unit = units[origin]?.[Number(amount) === 1 ? 0 : 1]
  return `${words} ${amount}${unit === undefined ? '' : ` ${unit}`}`
}

function kindWords(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (isMapping(value)) return 'a mapping'
  return shown(value)
}

/** What was written, short enough for a line. */
function shown(value: unknown): string {
  if (typeof value === 'object') return kindWords(value)
  const text = typeof value === 'string' ? `"${value}"` : flowYaml(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function isMissing(value: unknown, path: Path): boolean {
  const key = path.at(-1)
  const parent = valueAt(value, path.slice(0, -1))
  return typeof key === 'string' && isMapping(parent) && !Object.hasOwn(parent, key)
}

export function valueAt(value: unknown, path: Path): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = Reflect.get(found, key)
  }
  return found
}

function pathOf(issue: Issue): Path {
  return issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
}

function lowerFirst(text: string): string {
  // `US dollars` keeps its letters.
  return /^.[A-Z]/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1)
}
