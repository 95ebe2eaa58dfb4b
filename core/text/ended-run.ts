/** How a run ended, as the session's comment, the final reply and the check run tell it. */
import { formatUsd } from '../money.ts'
import { type ReasonCode, reasons } from '../reason.ts'
import type { Conclusion } from '../run.ts'
import { code, link, prose, table } from './markdown.ts'

/** What was handed over. `kept`: nothing was delivered, and the work can be looked at there. */
export type Delivered =
  | { readonly kind: 'commit'; readonly sha: string; readonly url: string }
  | { readonly kind: 'pull-request'; readonly number: number; readonly url: string }
  | { readonly kind: 'review'; readonly url: string }
  | { readonly kind: 'comment'; readonly url: string }
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
  /** One sentence about this very run (which guard, which path); added to the reason's own words. */
  readonly detail?: string | undefined
  readonly spentMicroUsd: bigint
  readonly delivered: Delivered
  readonly steps: readonly EndedStep[]
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
  // A run without a word of its own for why it stopped early is told by its reason below.
  return run.conclusion === 'capped' && run.reason !== 'cap-reached' ? 'stopped early' : endings[run.conclusion]
}

/** `It cost $0.62 of at most $2.50.` */
export function costLine(run: EndedRun, capMicroUsd: bigint): string {
  if (run.spentMicroUsd === 0n) return 'It cost nothing.'
  return `It cost ${formatUsd(run.spentMicroUsd)} of at most ${formatUsd(capMicroUsd)}.`
}

/** `commit abc1234` and the like, linked; `undefined` when nothing was made. */
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
    case 'side-branch':
      return `branch ${link(code(delivered.branch), delivered.url)}`
    case 'kept':
    case 'none':
      return undefined
  }
}

export function deliveredLine(delivered: Delivered): string {
  if (delivered.kind === 'kept') return `Nothing was delivered; ${link('the work is kept', delivered.url)}.`
  const made = deliveredLink(delivered)
  return made === undefined ? 'Nothing was delivered.' : `Delivered: ${made}.`
}

/** Why it ended so and what to do about it; nothing for a run that simply completed. */
export function reasonText(run: EndedRun): string | undefined {
  if (run.reason === undefined) return run.detail === undefined ? undefined : prose(run.detail)
  const { says, todo } = reasons[run.reason]
  const why = run.detail === undefined ? says : `${says} ${prose(run.detail)}`
  return `**Why:** ${why} (${code(run.reason)})\n\n**What to do:** ${todo}`
}

export function stepsTable(steps: readonly EndedStep[]): string | undefined {
  if (steps.length === 0) return undefined
  const rows = steps.map((step) => [
    code(step.id),
    step.kind === 'agent' ? 'agent' : 'command',
    step.ok ? 'passed' : 'did not pass',
    step.kind === 'agent' ? `${step.turns}` : '',
    `${step.attempts}`,
    step.kind === 'agent' ? formatUsd(step.spentMicroUsd) : '',
  ])
  return table(['step', 'kind', 'result', 'turns', 'attempts', 'cost'], rows)
}
