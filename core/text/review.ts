/** The texts of a review. An agent's words are made inert here; what they suggest is shown to the letter, in a fence of its own. */

import type { Finding, Review } from '../changes/review.ts'
import type { Placed } from '../changes/review-places.ts'
import { inertText } from '../inert.ts'
import type { Redact } from '../redact.ts'
import { code, fenced, fenceFor, paragraphs } from './markdown.ts'

/** Of the list of findings in one text; GitHub takes 65,536 characters in all. */
const LIST_CHARACTERS_MAX = 40_000

const marks = { high: '**High.**', medium: '**Medium.**', low: '**Low.**' } as const

/** A comment on the finding's lines. */
export function lineComment({ finding, isOffered }: Placed, redact: Redact): string {
  const { suggestion } = finding
  return paragraphs(
    said(finding, redact),
    suggestion === undefined ? undefined : isOffered ? offered(suggestion) : shown(suggestion, redact),
  )
}

/** The summary and, below it, the findings that stand nowhere else. */
export function reviewWords(review: Review, listed: readonly Finding[], redact: Redact): string {
  const { items, unlisted } = itemsWithin(listed, redact)
  const left = review.left + unlisted
  return paragraphs(
    withoutFences(inertText(review.summary, redact)),
    items.join('\n'),
    left === 0 ? undefined : `${left} more ${left === 1 ? 'finding is' : 'findings are'} left out.`,
  )
}

function itemsWithin(findings: readonly Finding[], redact: Redact): { items: string[]; unlisted: number } {
  const items: string[] = []
  let characters = 0
  for (const finding of findings) {
    const item = listItem(finding, redact)
    characters += item.length + 1
    if (characters > LIST_CHARACTERS_MAX) break
    items.push(item)
  }
  return { items, unlisted: findings.length - items.length }
}

/** What belongs to an item is indented, so that nothing in it ends the list. */
function listItem(finding: Finding, redact: Redact): string {
  const { path, line, endLine, suggestion } = finding
  const place = code(`${inertText(path, redact)}:${line}${endLine === undefined ? '' : `-${endLine}`}`)
  const words = paragraphs(`${place} ${said(finding, redact)}`, suggestion && shown(suggestion, redact))
  return `- ${words.replace(/\n(?=[^\n])/g, '\n  ')}`
}

function said({ severity, text }: Finding, redact: Redact): string {
  return `${marks[severity]} ${withoutFences(inertText(text, redact))}`
}

/** GitHub makes a button of it. */
function offered(suggestion: string): string {
  const fence = fenceFor(suggestion)
  return `${fence}suggestion\n${suggestion}\n${fence}`
}

/** Not to be taken over with a click, so it need not be to the letter. */
function shown(suggestion: string, redact: Redact): string {
  return fenced('', inertText(suggestion, redact))
}

/** A fence that stays open would take in what follows, and the fence of a suggestion would end it. */
function withoutFences(text: string): string {
  return text.replace(/`{3,}|~{3,}/g, (run) => run.slice(0, 2))
}
