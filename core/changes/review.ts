/**
 * A review as data: a summary, and findings that each name a place. An agent answers with it where its step's `output`
 * asks for it; whoever delivers it looks for the places again.
 */
import { z } from 'zod/mini'
import { cleanText, redactClean, stripInvisible } from '../inert.ts'
import { readFields } from '../plan/results.ts'
import type { Redact } from '../redact.ts'

/** Findings that are shown; so many comments at once are about what a person reads. */
export const FINDINGS_MAX = 30
/** Findings of an answer that are looked at. */
const ANSWERED_MAX = 300
const SUMMARY_CHARACTERS_MAX = 4_000
const TEXT_CHARACTERS_MAX = 2_000
const SUGGESTION_CHARACTERS_MAX = 4_000
const PATH_CHARACTERS_MAX = 1_000
const LINE_MAX = 10_000_000

/** The gravest first. */
export const severities = ['high', 'medium', 'low'] as const

const line = z.int().check(z.minimum(1), z.maximum(LINE_MAX))

export const findingSchema = z.object({
  path: z.string().check(z.minLength(1), z.maxLength(PATH_CHARACTERS_MAX)),
  line,
  /** The last line, where it is about several. */
  endLine: z.optional(line),
  severity: z.enum(severities),
  text: z.string().check(z.minLength(1), z.maxLength(TEXT_CHARACTERS_MAX)),
  /** What its lines should be instead, to the letter. */
  suggestion: z.optional(z.string().check(z.minLength(1), z.maxLength(SUGGESTION_CHARACTERS_MAX))),
})
export type Finding = z.infer<typeof findingSchema>

export const reviewSchema = z.object({
  summary: z.string().check(z.maxLength(SUMMARY_CHARACTERS_MAX)),
  findings: z.array(findingSchema).check(z.maxLength(FINDINGS_MAX)),
  /** How many more findings there were. */
  left: z.int().check(z.nonnegative()),
})
export type Review = z.infer<typeof reviewSchema>

/**
 * The review that an agent's answer is: the JSON of an object with `findings`. `undefined` for any other answer. A finding
 * without place or words is left out; of equal ones one stays.
 */
export function readReview(answer: string): Review | undefined {
  const { summary, findings } = readFields(answer) ?? {}
  if (!Array.isArray(findings)) return undefined
  const read = findings.slice(0, ANSWERED_MAX).flatMap((one) => readFinding(one) ?? [])
  const distinct = new Map(read.map((finding) => [keyOf(finding), finding]))
  const sorted = [...distinct.values()].sort(byGravity)
  return {
    summary: cut(typeof summary === 'string' ? summary.trim() : '', SUMMARY_CHARACTERS_MAX),
    findings: sorted.slice(0, FINDINGS_MAX),
    left: Math.max(0, sorted.length - FINDINGS_MAX),
  }
}

/** Without secrets and what no reader sees. A suggestion that would have to be changed for it is left out. */
export function redactReview({ summary, findings, left }: Review, redact: Redact): Review {
  return {
    summary: cut(redactClean(summary, redact), SUMMARY_CHARACTERS_MAX),
    findings: findings.flatMap((finding) => readFinding(redactFinding(finding, redact)) ?? []),
    left,
  }
}

function redactFinding({ suggestion, ...finding }: Finding, redact: Redact): Finding {
  const isPlain = suggestion !== undefined && isUntouched(suggestion, redact)
  return {
    ...finding,
    path: redactClean(finding.path, redact),
    text: redactClean(finding.text, redact),
    ...(isPlain && { suggestion }),
  }
}

/** Nothing in it is invisible or secret. */
export function isUntouched(text: string, redact: Redact): boolean {
  const isPlain = stripInvisible(text).removed === 0 && redact(text) === text
  return isPlain && redactClean(text, redact) === cleanText(text).text
}

/** As the schema has it, from what a model wrote. */
function readFinding(written: unknown): Finding | undefined {
  if (typeof written !== 'object' || written === null) return undefined
  const { path, line, endLine, severity, text, suggestion }: { [key in keyof Finding]?: unknown } = written
  const finding = findingSchema.safeParse({
    path: typeof path === 'string' ? path.trim().replace(/^(?:\.\/)+/, '') : path,
    line,
    ...(typeof endLine === 'number' && typeof line === 'number' && endLine > line && { endLine }),
    severity: severities.find((one) => one === severity) ?? 'medium',
    text: typeof text === 'string' ? cut(withLineFeeds(text).trim(), TEXT_CHARACTERS_MAX) : text,
    ...(isSuggestion(suggestion) && { suggestion: withLineFeeds(suggestion).replace(/\n$/, '') }),
  })
  return finding.success ? finding.data : undefined
}

/** Cut it would be something else, and an empty one is how models say that there is none. */
function isSuggestion(written: unknown): written is string {
  return typeof written === 'string' && written.trim() !== '' && written.length <= SUGGESTION_CHARACTERS_MAX
}

/** A lone carriage return is an end of a line in Markdown too. */
function withLineFeeds(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function keyOf({ path, line, endLine = line, text }: Finding): string {
  return JSON.stringify([path, line, endLine, text.replace(/\s+/g, ' ').toLowerCase()])
}

function byGravity(a: Finding, b: Finding): number {
  const graver = severities.indexOf(a.severity) - severities.indexOf(b.severity)
  if (graver !== 0) return graver
  if (a.path !== b.path) return a.path < b.path ? -1 : 1
  return a.line - b.line
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1).toWellFormed()}…`
}
