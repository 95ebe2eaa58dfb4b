/**
 * The rules that work must satisfy before it is delivered, decided twice by the same code: by the runner when the
 * work is done, and by the App when it arrives, since a runner is not trusted.
 */
import picomatch from 'picomatch'
import { nameCodePoint } from '../code-point.ts'
import { cleanText, redactClean, stripInvisible } from '../inert.ts'
import type { Plan, PlanGuards } from '../plan/plan.ts'
import { type Redact, redactor } from '../redact.ts'
import { testChangeSentence } from '../text/test-change-words.ts'
import { isBinary } from './changed-lines.ts'
import {
  CHANGESET_BYTES_MAX,
  CHANGESET_FILE_BYTES_MAX,
  CHANGESET_FILES_MAX,
  type ChangedFile,
  type Changeset,
} from './changeset.ts'
import { type Credential, credentialsIn } from './credentials.ts'
import { mayHoldTests, type TestChange, testChanges } from './test-changes.ts'

export interface Violation {
  readonly reason: 'guard-paths' | 'guard-diff' | 'guard-files' | 'guard-secrets' | 'guard-tests' | 'guard-command'
  /** The rule as the workflow states it, or the name of a built-in one. */
  readonly rule: string
  readonly file?: string | undefined
  /** One sentence that names the rule, the file and the numbers. */
  readonly message: string
}

/** What decides how this repository is built, guarded and owned. Only an `allow` that names it opens it. */
export const PROTECTED_PATHS = [
  '.github/**',
  '**/action.yml',
  '**/action.yaml',
  '**/CODEOWNERS',
  '.purser/**',
  '.gitmodules',
] as const

/** Embeddings, overrides and isolates; the marks that a language needs within a word reorder nothing else. */
const BIDI_CONTROL = /[\u202A-\u202E\u2066-\u2069]/

/** How many violations are named; more would only repeat them. */
const VIOLATIONS_MAX = 20

/** What files were before the work, as bytes in base64, as far as somebody looked. */
export type Before = ReadonlyMap<string, string>

/**
 * What no workflow can allow: files that a repository must not be handed. `before`: of files in which a credential was
 * found; one that stood there already is not held against the work.
 */
export function validateChangeset(changeset: Changeset, before: Before = new Map()): Violation[] {
  const sizes = changeset.files.map(contentBytes)
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const violations: Violation[] = []
  if (changeset.files.length > CHANGESET_FILES_MAX) {
    violations.push(
      fileViolation(
        'files',
        `The work has ${changeset.files.length} files; at most ${CHANGESET_FILES_MAX} are delivered.`,
      ),
    )
  }
  if (total > CHANGESET_BYTES_MAX) {
    violations.push(
      fileViolation('bytes', `The work has ${total} bytes; at most ${CHANGESET_BYTES_MAX} are delivered.`),
    )
  }
  for (const file of changeset.files) violations.push(...validateFile(file, before.get(file.path)))
  violations.push(...collisions(changeset.files))
  return violations.slice(0, VIOLATIONS_MAX)
}

/**
 * What `redact` would take out must not go into a repository either: the secrets that this run was given, and what looks like
 * a credential where `validateChangeset` does not see one, in a path or split by what no reader sees.
 */
export function checkSecrets(changeset: Changeset, redact: Redact, before: Before = new Map()): Violation[] {
  const given = (text: string) => differ(text, redact, patternsAlone)
  const kinds = [
    { holds: given, what: 'a secret that this run was given' },
    { holds: hidesCredential, what: 'what looks like a credential, split by what no reader sees' },
  ]
  return changeset.files
    .flatMap(({ path, contentBase64 }): Violation[] => {
      // The path itself may be what holds it.
      if (holdsSecret(redact)(path)) {
        const what = given(path) ? 'a secret that this run was given' : 'what looks like a credential'
        return [secretViolation(`The name of a file contains ${what}.`, path)]
      }
      const old = new Set(before.has(path) ? utf8(before.get(path)).split('\n') : [])
      const lines = utf8(contentBase64).split('\n')
      const added = lines.filter((line) => !old.has(line)).join('\n')
      const found = kinds.find(({ holds }) => holds(added))
      if (found === undefined) return []
      // A secret of several lines, or one that is split, is in none of them alone.
      const at = lines.findIndex((line) => !old.has(line) && found.holds(line)) + 1
      return [secretViolation(`\`${at === 0 ? path : `${path}:${at}`}\` contains ${found.what}.`, path)]
    })
    .slice(0, VIOLATIONS_MAX)
}

const patternsAlone = redactor([])

/** What is seen as it stands is `validateChangeset`'s, so it is taken out first. */
function hidesCredential(text: string): boolean {
  const rest = patternsAlone(text)
  return redactClean(rest, patternsAlone) !== cleanText(rest).text
}

/** Whether one redactor takes something out of a text, as it is or cleaned, that the other leaves. */
function differ(text: string, redact: Redact, other: Redact): boolean {
  return redact(text) !== other(text) || redactClean(text, redact) !== redactClean(text, other)
}

function holdsSecret(redact: Redact): (text: string) => boolean {
  return (text) => redact(text) !== text || redactClean(text, redact) !== cleanText(text).text
}

/** What the workflow's own guards and an experiment's scope say of paths and size; `run` guards are the runner's. */
export function checkGuards(guards: PlanGuards, changeset: Changeset): Violation[] {
  const paths = changeset.files.map((file) => file.path)
  return [...checkPaths(guards, paths), ...checkDiff(guards, changeset)].slice(0, VIOLATIONS_MAX)
}

/** The plan's own guards and those of the workflows nested in it: work has to satisfy all of them. */
export function guardsOf({ guards, nested = {} }: Pick<Plan, 'guards' | 'nested'>): PlanGuards[] {
  return [guards, ...Object.values(nested).map((one) => one.guards)]
}

/** What any of a plan's guards says; of the same said twice, once. */
export function checkPlanGuards(plan: Pick<Plan, 'guards' | 'nested'>, changeset: Changeset): Violation[] {
  const all = guardsOf(plan).flatMap((guards) => checkGuards(guards, changeset))
  const messages = all.map(({ message }) => message)
  return all.filter(({ message }, index) => messages.indexOf(message) === index).slice(0, VIOLATIONS_MAX)
}

/**
 * Whether `path` matches one of the patterns; dot files are matched like others, and names alike that are one file on some
 * systems, however either is written.
 */
export function matchesAny(patterns: readonly string[], path: string): boolean {
  const folded = foldedPath(path)
  return patterns.some((pattern) => picomatch.isMatch(folded, foldedPath(pattern), { dot: true }))
}

function checkPaths(guards: PlanGuards, paths: readonly string[]): Violation[] {
  const allow = guards.paths?.allow
  const deny = guards.paths?.deny ?? []
  const { scope } = guards
  return paths.flatMap((path): Violation[] => {
    const denied = deny.find((pattern) => matchesAny([pattern], path))
    if (denied !== undefined) return [pathViolation(denied, path, `which \`paths.deny: ${denied}\` forbids`)]
    const protectedBy = PROTECTED_PATHS.find(
      (pattern) => matchesAny([pattern], path) && !isAllowedByName(allow ?? [], pattern, path),
    )
    if (protectedBy !== undefined) {
      const why = `which is protected unless a pattern of \`paths.allow\` has \`${protectedName(protectedBy)}\` itself`
      return [pathViolation(protectedBy, path, why)]
    }
    if (allow !== undefined && !matchesAny(allow, path)) {
      return [pathViolation('allow', path, `which is outside \`paths.allow: ${allow.join(', ')}\``)]
    }
    // A scope only narrows: it opens no protected path.
    if (scope !== undefined && !matchesAny(scope.paths, path)) {
      const rule = `scope.paths: ${scope.paths.join(', ')}`
      return [pathViolation('scope', path, `which is outside \`${rule}\` of the experiment \`${scope.experiment}\``)]
    }
    return []
  })
}

/** `docs/**` names no `CODEOWNERS`: a pattern opens a protected path only if the protected name is a part of it. */
function isAllowedByName(allow: readonly string[], protectedBy: string, path: string): boolean {
  return allow.some((pattern) => {
    if (pattern.startsWith('!') || !matchesAny([pattern], path)) return false
    const parts = foldedPath(pattern).replace(/^\.\//, '').split('/')
    return parts.at(protectedBy.startsWith('**/') ? -1 : 0) === foldedPath(protectedName(protectedBy))
  })
}

/** What of a protected pattern is no wildcard: the first part of a path, or its last where it is protected in any folder. */
function protectedName(pattern: string): string {
  return pattern.split('/').find((part) => part !== '**') ?? pattern
}

function checkDiff(guards: PlanGuards, changeset: Changeset): Violation[] {
  const files = changeset.files.length
  const lines = changeset.files.reduce((sum, file) => sum + file.addedLines + file.deletedLines, 0)
  const violations: Violation[] = []
  if (guards.diff?.files !== undefined && files > guards.diff.files) {
    violations.push(
      diffViolation(
        `diff.files: ${guards.diff.files}`,
        `The work changes ${files} files; \`diff.files\` allows ${guards.diff.files}.`,
      ),
    )
  }
  if (guards.diff?.lines !== undefined && lines > guards.diff.lines) {
    violations.push(
      diffViolation(
        `diff.lines: ${guards.diff.lines}`,
        `The work changes ${lines} lines; \`diff.lines\` allows ${guards.diff.lines}.`,
      ),
    )
  }
  return violations
}

function validateFile(file: ChangedFile, before: string | undefined): Violation[] {
  const path = pathProblem(file.path)
  if (path !== undefined) return [fileViolation('path', `${JSON.stringify(file.path)} ${path}.`, file.path)]
  if (!['100644', '100755'].includes(file.mode)) {
    return [fileViolation('mode', `\`${file.path}\` is a link or a submodule (mode ${file.mode}).`, file.path)]
  }
  const bytes = contentBytes(file)
  if (bytes > CHANGESET_FILE_BYTES_MAX) {
    return [
      fileViolation(
        'bytes',
        `\`${file.path}\` has ${bytes} bytes; at most ${CHANGESET_FILE_BYTES_MAX} are delivered.`,
        file.path,
      ),
    ]
  }
  const [credential] = credentialsOf(file, before)
  if (credential !== undefined) {
    const { name, line } = credential
    return [secretViolation(`\`${file.path}:${line}\` contains what looks like ${name}.`, file.path)]
  }
  const bidi = bidiIn(file)
  if (bidi === undefined) return []
  const message = `\`${file.path}\` contains ${nameCodePoint(bidi)}: it would read otherwise than it runs.`
  return [fileViolation('bidi', message, file.path)]
}

function pathProblem(path: string): string | undefined {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/') || /^[a-z]:/i.test(path)) return 'is not a path below the repository’s root'
  if (path.includes('\\')) return 'contains a backslash'
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'contains an empty, `.` or `..` part'
  if (parts.some(isGitDirectory)) return 'lies in a `.git` directory'
  if (parts.some((part) => /[. ]$/.test(part)))
    return 'has a part that ends in a dot or a blank, which some systems drop'
  if (/\p{Cc}/u.test(path) || stripInvisible(path).removed > 0) return 'contains invisible characters'
  if (path.normalize('NFC') !== path) return 'is not in Unicode’s composed form'
  if (!path.isWellFormed()) return 'is not well-formed Unicode'
  return undefined
}

/** `.git` as some file system would read it: any case, HFS+ ignorables, NTFS short name and streams. */
function isGitDirectory(part: string): boolean {
  const folded = stripInvisible(part)
    .text.normalize('NFKC')
    .toLowerCase()
    .replace(/(?<![. ])[. ]+$/, '')
  return folded === '.git' || folded === 'git~1' || folded.startsWith('.git:')
}

/** What two paths share that are one file where case is folded or Unicode composed. */
export function foldedPath(path: string): string {
  return path.normalize('NFKC').toLowerCase()
}

/** Two paths that are one on a file system that folds case or composes Unicode, or of which one would lie below the other. */
function collisions(files: readonly ChangedFile[]): Violation[] {
  const written = files.filter((file) => file.contentBase64 !== undefined)
  const deleted = new Set(files.filter((file) => file.contentBase64 === undefined).map(({ path }) => path))
  const seen = new Map<string, string>()
  const same = written.flatMap((file): Violation[] => {
    const folded = foldedPath(file.path)
    const other = seen.get(folded) ?? (deleted.has(file.path) ? file.path : undefined)
    seen.set(folded, file.path)
    if (other === undefined) return []
    return [fileViolation('collision', `\`${file.path}\` and \`${other}\` are one file on some systems.`, file.path)]
  })
  const below = written.flatMap(({ path }): Violation[] => {
    const above = foldersAbove(foldedPath(path)).find((folder) => seen.has(folder))
    if (above === undefined) return []
    return [fileViolation('collision', `\`${path}\` lies below \`${seen.get(above)}\`, which is a file.`, path)]
  })
  return [...same, ...below]
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Files of which it matters what they were before: they hold a secret now, or tests. */
export function toCompare(changeset: Changeset, redact: Redact): string[] {
  const holds = holdsSecret(redact)
  return changeset.files
    .filter(
      (file) => mayHoldTests(file.path) || credentialsOf(file, undefined).length > 0 || holds(utf8(file.contentBase64)),
    )
    .map(({ path }) => path)
}

function credentialsOf({ contentBase64 }: ChangedFile, before: string | undefined): Credential[] {
  return contentBase64 === undefined ? [] : credentialsIn(latin1(contentBase64), latin1(before ?? ''))
}

/** What the work does to the tests that judge it. `before` has every file of it that `mayHoldTests`. */
export function testChangesOf(changeset: Changeset, before: Before): TestChange[] {
  const files = changeset.files.map(({ path, contentBase64 }) => ({
    path,
    before: before.has(path) ? utf8(before.get(path)) : undefined,
    after: contentBase64 === undefined ? undefined : utf8(contentBase64),
  }))
  return testChanges(files.filter(({ path }) => mayHoldTests(path)))
}

/** Where a workflow, or one nested in it, says so, work that loosens tests is withheld; else it is only named. */
export function checkTests(plan: Pick<Plan, 'guards' | 'nested'>, changes: readonly TestChange[]): Violation[] {
  if (!withholdsTests(plan)) return []
  return changes.map((change) => ({
    reason: 'guard-tests',
    rule: 'tests: withhold',
    file: change.path,
    message: testChangeSentence(change),
  }))
}

export function withholdsTests(plan: Pick<Plan, 'guards' | 'nested'>): boolean {
  return guardsOf(plan).some(({ tests }) => tests === 'withhold')
}

/** The first control that changes the order in which text is shown. What git shows as binary is not read as text. */
function bidiIn(file: ChangedFile): number | undefined {
  if (isBinary(latin1(file.contentBase64 ?? ''))) return undefined
  return BIDI_CONTROL.exec(utf8(file.contentBase64))?.[0].codePointAt(0)
}

function utf8(base64: string | undefined): string {
  const text = latin1(base64 ?? '')
  // `Uint8Array.from` takes many times as long for a text.
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at)
  return new TextDecoder().decode(bytes)
}

/** Bytes as characters: all the patterns are ASCII, so the encoding does not matter. */
function latin1(base64: string): string {
  try {
    return atob(base64)
  } catch {
    return ''
  }
}

function contentBytes(file: ChangedFile): number {
  const text = file.contentBase64
  if (text === undefined) return 0
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return Math.floor((text.length * 3) / 4) - padding
}

function pathViolation(rule: string, file: string, why: string): Violation {
  return { reason: 'guard-paths', rule, file, message: `The work touches \`${file}\`, ${why}.` }
}

function diffViolation(rule: string, message: string): Violation {
  return { reason: 'guard-diff', rule, message }
}

function secretViolation(message: string, file: string): Violation {
  return { reason: 'guard-secrets', rule: 'secret', file, message }
}

function fileViolation(rule: string, message: string, file?: string): Violation {
  return { reason: 'guard-files', rule, file, message }
}
