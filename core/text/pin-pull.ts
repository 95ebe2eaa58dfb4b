/** The pull request by which a repository that pins its organisation's catalog moves on: what changes, and what it costs. */

import { formatAtMostUsd, formatUsd } from '../money/money.ts'
import type { SideDifference } from '../promotion/catalog-difference.ts'
import { code, fenced, inline, linesWithin, paragraphs } from './markdown.ts'
import { weakenedText } from './promotion-issue.ts'
import type { PullText } from './promotion-pull.ts'
import { workflowName } from './workflow-name.ts'

/** What runs of one definition have cost in the organisation's repositories within the window. */
export interface SpendSeen {
  readonly runs: number
  readonly spendMicroUsd: bigint
}

export interface PricedDifference extends SideDifference {
  readonly seenBefore: SpendSeen
  readonly seenAfter: SpendSeen
}

export interface PinPullView {
  /** `acme/.github`. */
  readonly organisation: string
  readonly from: string
  readonly to: string
  readonly sides: readonly PricedDifference[]
  readonly settings: readonly string[]
  /** What `purser check` would name as errors; the pull request is not to be merged as it is. */
  readonly problems: readonly string[]
}

const OVERLAYS_CHARACTERS_MAX = 30_000
const SIDES_MAX = 40
const SHA_CHARACTERS = 12
export const PIN_TITLE = 'Move to the organisation’s catalog at'

const MARKER = /^<!-- purser:pin ([0-9a-f]{40}) -->(?:\r?\n|$)/

/** The commit that such a pull request moves to. */
export function pinOf(body: string): string | undefined {
  return MARKER.exec(body)?.[1]
}

/** Of one that is closed since the catalog has gone back. */
export function pinOvertaken(pinned: string): string {
  return `Closed: the organisation’s catalog is again what it was at ${code(pinned.slice(0, SHA_CHARACTERS))}, which this repository pins. When it changes, a pull request opens anew.`
}

export function pinPull(view: PinPullView): PullText {
  const { organisation, from, to, sides, settings, problems } = view
  const left = sides.length - SIDES_MAX
  return {
    title: `${PIN_TITLE} ${to.slice(0, SHA_CHARACTERS)}`,
    body: paragraphs(
      `<!-- purser:pin ${to} -->\nThis repository pins the catalog of ${code(organisation)} to ${code(from.slice(0, SHA_CHARACTERS))}. This moves the pin to ${code(to.slice(0, SHA_CHARACTERS))}; nothing else in the repository changes, and nothing happens before it is merged.`,
      problems.length === 0
        ? undefined
        : `**Don’t merge it as it is.** With that commit this repository’s declaration has problems:\n\n${problems.map((problem) => `- ${code(problem)}`).join('\n')}`,
      '## What changes',
      ...(problems.length > 0
        ? ['What it comes to can be told once they are mended.']
        : sides.length === 0
          ? ['No workflow and no variant.']
          : sides
              .slice(0, SIDES_MAX)
              .map((side) => sideText(side, OVERLAYS_CHARACTERS_MAX / Math.min(sides.length, SIDES_MAX)))),
      left > 0 ? `And ${left} more workflows and variants.` : undefined,
      settings.length === 0 ? undefined : `Settings that come to something else: ${settings.map(code).join(', ')}.`,
      '## How to undo it\n\nRevert this pull request. Closing it leaves the pin where it is until the organisation’s catalog changes again.',
      '<sub>There is one such pull request at a time; it follows the organisation’s catalog until it is merged or closed.</sub>',
    ),
  }
}

function sideText(side: PricedDifference, charactersMax: number): string {
  const { before, after, overlay, texts, weakened } = side
  const name = code(workflowName(side))
  if (after === undefined) return `### ${name} goes\n\nIt can’t be started any more.`
  const added = before === undefined ? `### ${name} is new\n\n${inline(after.summary)}` : `### ${name}`
  const { shown, left } = linesWithin(overlay.trimEnd().split('\n'), charactersMax)
  return paragraphs(
    added,
    weakenedText({ weakened }, 'than before'),
    overlay === ''
      ? undefined
      : `${fenced('yaml', shown.join('\n'))}${left === 0 ? '' : `\n\nand ${left} more lines.`}`,
    texts.length === 0 ? undefined : `Other texts: ${texts.map(code).join(', ')}.`,
    `**Cost:** ${costText(side)}`,
  )
}

function costText({ before, after, seenBefore, seenAfter }: PricedDifference): string {
  const cap = after === undefined ? '' : `never more than ${formatAtMostUsd(after.cap.usd)} a run`
  const was =
    before === undefined
      ? ''
      : before.cap.usd === after?.cap.usd
        ? ', as before'
        : ` (so far ${formatAtMostUsd(before.cap.usd)})`
  const now = averageText(seenAfter, 'as it will be')
  const then = before === undefined ? undefined : averageText(seenBefore, 'as it is')
  return `${[`${cap}${was}`, then, now].filter((part) => part !== undefined).join('; ')}.`
}

function averageText({ runs, spendMicroUsd }: SpendSeen, what: string): string {
  if (runs === 0) return `no run ${what} has been seen yet`
  return `${formatUsd(spendMicroUsd / BigInt(runs))} on average ${what}, over ${runs} ${runs === 1 ? 'run' : 'runs'} of the organisation’s repositories`
}
