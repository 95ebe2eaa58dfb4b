/**
 * The texts around a delivery. `title` and `body` are an agent's words and must already be inert; what is added
 * here says which session they come from and what they cost.
 */

import type { TestChange } from '../changes/test-changes.ts'
import { formatAtMostUsd, formatUsd } from '../money/money.ts'
import { ASK } from '../plan/resolve-ask.ts'
import { code, inline, link, paragraphs } from './markdown.ts'
import { sessionMarker } from './marker.ts'
import { testChangesText } from './work-done.ts'
import { workflowName } from './workflow-name.ts'

export interface DeliveryView {
  readonly sessionId: string
  readonly runId: string
  readonly workflow: string
  readonly variant?: string | undefined
  /** What was asked for, in a person's words, already inert; left out where the workflow takes no goal. */
  readonly goal?: string | undefined
  /** The agent's own words, already inert; both are empty when it gave no summary. */
  readonly title: string
  readonly body: string
  readonly spentMicroUsd: bigint
  readonly capMicroUsd: bigint
  /** How the work loosens tests, where it does. */
  readonly testChanges?: readonly TestChange[] | undefined
  /** The session's comment, where there is one. */
  readonly sessionUrl?: string | undefined
}

/** What git shows of a title in one line. */
const TITLE_CHARACTERS_MAX = 72

/** The commit message: the title, the agent's words, and the trailers as the last paragraph. */
export function commitMessage(view: DeliveryView): string {
  return paragraphs(title(view), withoutTrailers(summary(view)), testChangesText(view.testChanges), trailers(view))
}

/** Title and body of a pull request. `why` says why it is one where a commit was declared. */
export function pullRequestText(view: DeliveryView, why?: string): { title: string; body: string } {
  return {
    title: title(view),
    body: paragraphs(marked(view), why === undefined ? undefined : inline(why), origin(view)),
  }
}

/** Title and body of an issue that is itself the delivery: it is told by what the agent says, and not by what was asked for. */
export function issueText(view: DeliveryView): { title: string; body: string } {
  return { title: title({ ...view, goal: view.title.trim() === '' ? view.goal : undefined }), body: reviewBody(view) }
}

/** The body of a review or of a comment that is itself the delivery. `why` says why it is one where an issue was declared. */
export function reviewBody(view: DeliveryView, why?: string): string {
  return paragraphs(marked(view), why === undefined ? undefined : inline(why), origin(view))
}

/** Of a review of a commit that GitHub no longer counts in. */
export function goneSentence(sha: string): string {
  return `This is about the commit ${code(sha.slice(0, 12))}, which is no longer in the pull request.`
}

/**
 * The session and run that a commit's last paragraph names; `undefined` for everybody else's commits. Anybody can
 * write such lines, so they only tell the App which of its own commits it sees.
 */
export function deliveryOf(message: string): { sessionId: string; runId: string } | undefined {
  const paragraphsOf = message
    .replaceAll('\r', '')
    .trimEnd()
    .split(/\n[ \t]*\n/)
  const [, sessionId, runId] = TRAILERS.exec(paragraphsOf.at(-1) ?? '') ?? []
  return sessionId === undefined || runId === undefined ? undefined : { sessionId, runId }
}

const ID = /^[A-Za-z0-9_-]{1,64}$/
const TRAILERS = /^Purser-Session: ([A-Za-z0-9_-]{1,64})\nPurser-Run: ([A-Za-z0-9_-]{1,64})$/

function trailers(view: DeliveryView): string {
  // A malformed id would make a commit that the App doesn't know again, so it is a bug worth stopping for.
  if (!ID.test(view.sessionId) || !ID.test(view.runId))
    throw new RangeError('an id of letters, digits, "_" and "-" was expected')
  return `Purser-Session: ${view.sessionId}\nPurser-Run: ${view.runId}`
}

/** Lines in an agent's words that git or GitHub would read as trailers, such as a co-author, become quoted ones. */
function withoutTrailers(body: string): string {
  return body.replace(/^(?=[ \t]*(?:purser-[a-z-]+|[a-z-]+-by)[ \t]*:)/gim, '> ')
}

/** `refactor+tests: Split parse() in two`: the workflow, and what was asked for or else what the agent says it did. */
function title(view: DeliveryView): string {
  const [said = 'no summary'] = [view.goal, view.title].map(collapsed).filter((line) => line !== '')
  const characters = [...`${view.workflow}: ${said}`]
  if (characters.length <= TITLE_CHARACTERS_MAX) return characters.join('')
  return `${characters
    .slice(0, TITLE_CHARACTERS_MAX - 1)
    .join('')
    .trimEnd()}…`
}

function collapsed(text = ''): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** The agent's words, of which its title is only the beginning of the last. */
function summary(view: DeliveryView): string {
  const body = view.body.trim()
  const own = collapsed(view.title)
  if (body === '') return own === '' ? 'The agent left no summary of its work.' : own
  return body
}

function marked(view: DeliveryView): string {
  return paragraphs(
    sessionMarker(view.sessionId, 'delivery', view.runId),
    withoutTrailers(summary(view)),
    testChangesText(view.testChanges),
  )
}

function origin(view: DeliveryView): string {
  const session = view.sessionUrl === undefined ? code(view.sessionId) : link(code(view.sessionId), view.sessionUrl)
  const cost = `${formatUsd(view.spentMicroUsd)} of at most ${formatAtMostUsd(view.capMicroUsd)}`
  const labels = `${code('agent/accepted')}, ${code('agent/reworked')} or ${code('agent/rejected')}`
  // The labels judge the session's work, and an answer about it is none.
  const judge = view.workflow === ASK ? '' : ` To say what it was worth, add the label ${labels}.`
  return `<sub>Made by ${code(workflowName(view))} in session ${session} for ${cost}.${judge}</sub>`
}
