/** Where a review's findings can stand: GitHub takes comments on lines that a pull request's diff shows, and on no others. */

import type { Plan } from '../plan/plan.ts'
import type { Redact } from '../redact.ts'
import type { ChangedFile } from './changeset.ts'
import { checkPlanGuards, validateChangeset, withholdsTests } from './guard.ts'
import { type Finding, isUntouched } from './review.ts'
import { mayHoldTests } from './test-changes.ts'

/** Lines of a file as the pull request has it, both included. */
export interface Hunk {
  readonly from: number
  readonly to: number
}

/** By a file's path, the parts of it that the diff shows. */
export type Diff = ReadonlyMap<string, readonly Hunk[]>

/** A finding on lines of one hunk. */
export interface Placed {
  readonly finding: Finding
  readonly line: number
  readonly endLine: number
  /** Its suggestion can be taken over with a click. */
  readonly isOffered: boolean
}

const HUNK = /^@@ -\d{1,9}(?:,\d{1,9})? \+(\d{1,9})(?:,(\d{1,9}))? @@/

/** The right side of a patch, hunk by hunk. Lines of content begin with a blank, `+` or `-`, so none passes for a header. */
export function hunksOf(patch: string): Hunk[] {
  return patch.split('\n').flatMap((text) => {
    const [, from, lines = '1'] = HUNK.exec(text) ?? []
    if (from === undefined || Number(lines) === 0) return []
    return [{ from: Number(from), to: Number(from) + Number(lines) - 1 }]
  })
}

/** Findings that the diff has a place for, and the rest. What reaches beyond its hunk is about as much of it as is shown. */
export function placeFindings(
  findings: readonly Finding[],
  diff: Diff,
  mayOffer: (finding: Finding) => boolean,
): { readonly placed: readonly Placed[]; readonly rest: readonly Finding[] } {
  const placed: Placed[] = []
  const rest: Finding[] = []
  for (const finding of findings) {
    const { path, line, endLine = line } = finding
    const hunk = diff.get(path)?.find(({ from, to }) => from <= line && line <= to)
    if (hunk === undefined) rest.push(finding)
    else {
      const isWhole = endLine <= hunk.to
      placed.push({ finding, line, endLine: Math.min(endLine, hunk.to), isOffered: isWhole && mayOffer(finding) })
    }
  }
  return { placed, rest }
}

/** A suggestion is a change that one click commits, so it must pass what work has to pass. */
export function mayOffer(plan: Pick<Plan, 'guards' | 'nested' | 'subject'>, finding: Finding, redact: Redact): boolean {
  const { path, line, endLine = line, suggestion } = finding
  if (suggestion === undefined || !isUntouched(suggestion, redact)) return false
  // How it changes tests can't be told from a few lines.
  if (withholdsTests(plan) && mayHoldTests(path)) return false
  const file: ChangedFile = {
    path,
    mode: '100644',
    contentBase64: base64(suggestion),
    addedLines: suggestion.split('\n').length,
    deletedLines: endLine - line + 1,
  }
  const change = { baseSha: plan.subject.headSha, files: [file] }
  return validateChangeset(change).length === 0 && checkPlanGuards(plan, change).length === 0
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}
