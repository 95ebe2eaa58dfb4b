/**
 * What a run failed by, in a form that is the same when it happens again: the reason, the step, and the first line of what went
 * wrong without its numbers, times and identifiers.
 */
import { maskedText } from '../masked-text.ts'
import type { Report } from './report.ts'
import type { Conclusion } from './run.ts'

export interface Failure {
  /** A code of `reason.ts`. */
  readonly reason: string
  /** The step that failed, where one did. */
  readonly step?: string | undefined
  /** Masked; a text that strangers wrote. It is compared and never shown. */
  readonly line: string
}

/** How often and since when a family's runs have failed in the same way, this one counted. */
export interface Repeated {
  readonly count: number
  /** The day of the first: `2026-11-20`. */
  readonly since: string
}

const LINE_CHARACTERS_MAX = 300
const ERROR = /\b(?:errors?|fail(?:ed|ure)?|exception|panic|fatal|cannot|can’t|not ok)\b|error:|[✗✘×]/i
const UNSTEADY: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{7,64}\b/gi, '<id>'],
  [/\d+/g, '<n>'],
  [/\s+/g, ' '],
]

/** Undefined for a run that did not fail: a cap that was kept and a guard that held are no failures. */
export function failureOf(
  run: { readonly conclusion: Conclusion | null; readonly reason: string | null },
  report: Pick<Report, 'message' | 'steps'> | undefined,
): Failure | undefined {
  if (run.conclusion !== 'failed') return undefined
  const step = report?.steps.findLast(({ ok }) => !ok)
  const line = firstErrorLine(step?.summary ?? '') ?? firstLine(report?.message ?? '') ?? ''
  const masked = UNSTEADY.reduce((text, [pattern, stand]) => text.replace(pattern, stand), maskedText(line))
  return { reason: run.reason ?? 'internal', step: step?.id, line: masked.trim().slice(0, LINE_CHARACTERS_MAX) }
}

/** What its fingerprint is taken of. */
export function failureText({ reason, step, line }: Failure): string {
  return JSON.stringify([reason, step ?? null, line])
}

function firstErrorLine(text: string): string | undefined {
  return text.split('\n').find((line) => ERROR.test(line)) ?? firstLine(text)
}

function firstLine(text: string): string | undefined {
  return text.split('\n').find((line) => line.trim() !== '')
}

/** `The same failure for the 3rd time since 2026-11-20.`; nothing for the first. */
export function repeatedSentence({ count, since }: Repeated): string | undefined {
  return count < 2 ? undefined : `The same failure for the ${ordinal(count)} time since ${since}.`
}

function ordinal(count: number): string {
  const isTeen = count % 100 >= 11 && count % 100 <= 13
  return `${count}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][count % 10]) ?? 'th'}`
}
