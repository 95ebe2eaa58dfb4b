/** How a run ended, as the session's comment, the final reply and the check run tell it. */

import { formatAtMostUsd, formatUsd } from '../money/money.ts'
import { type ReasonCode, reasons } from '../reason.ts'
import { type Repeated, repeatedSentence } from '../run/failure.ts'
import type { Conclusion } from '../run/run.ts'
import { code, link, prose, table } from './markdown.ts'
import type { ProposedWork } from './proposed-work.ts'
import type { WorkDone } from './work-done.ts'

/**
 * What was handed over. `side-branch`: nothing was delivered where it belongs, and the work is on a branch of its own.
 * `kept`: nothing was delivered, and the work can be looked at there.
 */
export type Delivered =
  | { readonly kind: 'commit'; readonly sha: string; readonly url: string }
  | { readonly kind: 'pull-request'; readonly number: number; readonly url: string }
  | { readonly kind: 'review'; readonly url: string }
  | { readonly kind: 'comment'; readonly url: string }
  | { readonly kind: 'issue'; readonly number: number; readonly url: string }
  | { readonly kind: 'side-branch'; readonly branch: string; readonly url: string }
  | { readonly kind: 'kept'; readonly url: string }
  | { readonly kind: 'none' }

export interface EndedStep {
  readonly id: string
  readonly kind: 'agent' | 'run'
  readonly ok: boolean
  readonly turns: number
  readonly attempts: number
  readonly spentMicroUsd: bigint
}

export interface EndedRun {
  readonly conclusion: Conclusion
  /** Present unless the run simply completed. */
  readonly reason?: ReasonCode | undefined
  /** One sentence about this very run (which guard, which path), told instead of the reason's own words. */
  readonly detail?: string | undefined
  /** How often it failed so, where it failed. */
  readonly repeated?: Repeated | undefined
  readonly spentMicroUsd: bigint
  readonly delivered: Delivered
  readonly steps: readonly EndedStep[]
  /** Left out where no work came of it. */
  readonly work?: WorkDone | undefined
  /** While it waits for a person. */
  readonly proposed?: ProposedWork | undefined
  readonly actionsUrl?: string | undefined
}

/** What is said of each conclusion, to go on after the workflow's name. */
const endings = {
  completed: 'done',
  withheld: 'work withheld',
  capped: 'stopped at its cap',
  failed: 'failed',
  cancelled: 'stopped',
  refused: 'not started',
} as const satisfies Record<Conclusion, string>

export function ending(run: EndedRun): string {
  if (run.reason === 'paused') return 'paused'
  if (run.reason === 'awaits-approval') return 'waits for a person'
  // A run without a word of its own for why it stopped early is told by its reason below.
  return run.conclusion === 'capped' && run.reason !== 'cap-reached' ? 'stopped early' : endings[run.conclusion]
}

/** `It cost $0.62 of at most $2.50.` */
export function costLine(run: EndedRun, capMicroUsd: bigint): string {
  if (run.spentMicroUsd === 0n) return 'It cost nothing.'
  return `It cost ${formatUsd(run.spentMicroUsd)} of at most ${formatAtMostUsd(capMicroUsd)}.`
}

/** `commit abc1234` and the like, linked; `undefined` when nothing was delivered. */
export function deliveredLink(delivered: Delivered): string | undefined {
  switch (delivered.kind) {
    case 'commit':
      return `commit ${link(code(delivered.sha.slice(0, 7)), delivered.url)}`
    case 'pull-request':
      return `pull request ${link(`#${delivered.number}`, delivered.url)}`
    case 'review':
      return `a ${link('review', delivered.url)}`
    case 'comment':
      return `a ${link('comment', delivered.url)}`
    case 'issue':
      return `issue ${link(`#${delivered.number}`, delivered.url)}`
    case 'side-branch':
    case 'kept':
    case 'none':
      return undefined
  }
}

export function deliveredLine(delivered: Delivered): string {
  if (delivered.kind === 'kept') return `Nothing was delivered; ${link('the work is kept', delivered.url)}.`
  if (delivered.kind === 'side-branch') {
    return `Its work is on the side branch ${link(code(delivered.branch), delivered.url)} only.`
  }
  const made = deliveredLink(delivered)
  return made === undefined ? 'Nothing was delivered.' : `Delivered: ${made}.`
}

/** Why it ended so; `undefined` for a run that simply completed. */
export function whySentence(run: EndedRun): string | undefined {
  const why =
    run.detail !== undefined ? prose(run.detail) : run.reason === undefined ? undefined : reasons[run.reason].says
  const repeated = run.repeated && repeatedSentence(run.repeated)
  return why === undefined || repeated === undefined ? why : `${why} ${repeated}`
}

/** Why it ended so and what to do about it; nothing for a run that simply completed. */
export function reasonText(run: EndedRun): string | undefined {
  const why = whySentence(run)
  if (run.reason === undefined || why === undefined) return why
  return `**Why:** ${why} (${code(run.reason)})\n\n**What to do:** ${reasons[run.reason].todo}`
}

/** Whether so much of the cap was spent that it is worth saying why that is right. */
export function isDear(run: EndedRun, capMicroUsd: bigint): boolean {
  return run.spentMicroUsd > 0n && run.spentMicroUsd * 2n >= capMicroUsd
}

export function stepsTable({ steps, conclusion }: Pick<EndedRun, 'steps' | 'conclusion'>): string | undefined {
  if (steps.length === 0) return undefined
  const rows = steps.map((step, index) => [
    code(step.id),
    step.kind === 'agent' ? 'agent' : 'command',
    resultOf(steps, index, conclusion),
    step.kind === 'agent' ? `${step.turns}` : '',
    `${step.attempts}`,
    step.kind === 'agent' ? formatUsd(step.spentMicroUsd) : '',
  ])
  return table(['step', 'kind', 'result', 'turns', 'attempts', 'cost'], rows)
}

/** A command that failed and stopped nothing was there to be noted: most often to say how things stood beforehand. */
function resultOf(steps: readonly EndedStep[], index: number, conclusion: Conclusion): string {
  const step = steps[index]
  if (step?.attempts === 0) return 'not needed'
  if (!step || step.ok) return 'passed'
  const stoppedNothing = index < steps.length - 1 || conclusion === 'completed'
  if (step.kind === 'agent' || !stoppedNothing) return 'did not pass'
  const isBefore = !steps.slice(0, index).some((earlier) => earlier.kind === 'agent')
  return isBefore ? 'failed (noted; it says how things stood before)' : 'failed (noted)'
}
