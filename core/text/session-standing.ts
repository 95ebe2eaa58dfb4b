/** How a session stands as a whole: its runs, what is left under its one ceiling, and how to go on. */
import { formatAtLeastUsd, formatAtMostUsd, formatUsd } from '../money/money.ts'
import { type CeilingStanding, leftUnder } from '../money/session-ceiling.ts'
import type { Conclusion } from '../run/run.ts'
import { code, table } from './markdown.ts'
import { workflowName } from './workflow-name.ts'

export interface SessionRun {
  readonly workflow: string
  readonly variant?: string | undefined
  /** Left out while it is under way. */
  readonly conclusion?: Conclusion | undefined
  readonly reason?: string | undefined
  readonly spentMicroUsd: bigint
}

export interface SessionStanding {
  readonly ceiling: CeilingStanding
  /** How far `/agent resume cap=` may raise it; left out where nobody pays for the workflow any more. */
  readonly mostMicroUsd?: bigint | undefined
  /** Oldest first, the newest ones; questions to other agents among them. */
  readonly runs: readonly SessionRun[]
  /** The session that it was forked from, whose ceiling it shares. */
  readonly rootId?: string | undefined
  /** Whether the last run left a checkpoint that is still kept. */
  readonly hasCheckpoint: boolean
  /** What people said that no agent has been told. */
  readonly unheard: number
}

/** Nothing where there is only one run, whose numbers are told anyway. */
export function runsText({ runs, rootId, ceiling }: SessionStanding): string | undefined {
  if (runs.length < 2 && rootId === undefined) return undefined
  const rows = runs.map((run) => [code(workflowName(run)), howItStands(run), formatUsd(run.spentMicroUsd)])
  const shared = rootId === undefined ? '' : `, shared with session ${code(rootId)}, from which this one was forked`
  return `**Runs of this session** (${ceilingWords(ceiling)}${shared})\n\n${table(['run', 'stands', 'cost'], rows)}`
}

export function howItStands({ conclusion, reason }: Pick<SessionRun, 'conclusion' | 'reason'>): string {
  if (conclusion === undefined) return 'under way'
  if (reason === 'awaits-approval') return 'waits for a person'
  return reason === 'paused' ? 'paused' : conclusion
}

export function ceilingWords(ceiling: CeilingStanding): string {
  const { ceilingMicroUsd, spentMicroUsd, heldMicroUsd } = ceiling
  const held = heldMicroUsd === 0n ? '' : ` and ${formatAtMostUsd(heldMicroUsd)} held`
  // All rounded alike, so that they are equal where nothing is left.
  return `${formatAtMostUsd(spentMicroUsd)} spent${held} of a ceiling of ${formatAtMostUsd(ceilingMicroUsd)}`
}

/** Of a run that ended before its work was done: that it can be gone on with, from where, and what there is to spend. */
export function goOnText(standing: SessionStanding): string {
  const { ceiling, hasCheckpoint } = standing
  const from = hasCheckpoint ? 'goes on from its last checkpoint' : 'starts it again: it left no checkpoint'
  const left = leftUnder(ceiling)
  if (left > 0n) return `**To go on:** ${code('/agent resume')} ${from}. ${leftWords(standing, left)}`
  const raise = raiseWords(standing)
  return raise === undefined
    ? `**To go on:** nothing is left of the session’s ceiling (${ceilingWords(ceiling)}), and its portfolio allows no higher one. A new session has a ceiling of its own.`
    : `**To go on:** nothing is left of the session’s ceiling (${ceilingWords(ceiling)}). ${raise}, and ${from}.`
}

function leftWords(standing: SessionStanding, left: bigint): string {
  const raise = raiseWords(standing)
  const more = raise === undefined ? '' : ` ${raise}.`
  return `${formatAtLeastUsd(left)} is left of the session’s ceiling of ${formatAtMostUsd(standing.ceiling.ceilingMicroUsd)}.${more}`
}

function raiseWords({ ceiling, mostMicroUsd }: SessionStanding): string | undefined {
  if (mostMicroUsd === undefined || mostMicroUsd <= ceiling.ceilingMicroUsd) return undefined
  return `${code('/agent resume cap=<usd>')} raises it, up to ${formatAtLeastUsd(mostMicroUsd)}`
}

export function unheardText({ unheard }: SessionStanding): string | undefined {
  if (unheard === 0) return undefined
  const what = unheard === 1 ? 'One message' : `${unheard} messages`
  return `${what} came too late for this run; the session’s next one is told.`
}
