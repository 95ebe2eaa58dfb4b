/** The answer to `/agent status`: the sessions on this subject and what is left to spend. */
import { formatAtMostUsd, formatUsd } from '../money/money.ts'
import type { CeilingStanding } from '../money/session-ceiling.ts'
import { type AcceptedSpend, perAcceptedWords } from '../outcome/portfolio-counts.ts'
import type { Conclusion, Outcome } from '../run/run.ts'
import { code, inline, link, paragraphs, table } from './markdown.ts'
import { accountLines, type PayingAccount } from './paying-account.ts'
import { ceilingWords, howItStands } from './session-standing.ts'
import { workflowName } from './workflow-name.ts'

export interface StatusSession {
  readonly sessionId: string
  readonly workflow: string
  readonly variant?: string | undefined
  readonly phase: 'quoted' | 'started' | 'running' | 'ended'
  /** Present when it has ended. */
  readonly conclusion?: Conclusion | undefined
  readonly reason?: string | undefined
  /** What it was told and has not carried out yet. */
  readonly told?: 'stop' | 'rest' | undefined
  readonly outcome?: Outcome | undefined
  readonly spentMicroUsd: bigint
  readonly capMicroUsd: bigint
  /** Of its session, forks included. */
  readonly ceiling: CeilingStanding
  readonly commentUrl?: string | undefined
}

/** How far an experiment is on its way to the success that it declares. */
export interface ExperimentProgress {
  readonly name: string
  readonly success: { readonly runs: number; readonly acceptedBasisPoints: number }
  /** Of all its workflows: runs with an outcome that counts, and the accepted ones among them. */
  readonly settled: number
  readonly accepted: number
}

export interface StatusFailure {
  readonly workflow: string
  readonly reason: string
  readonly step?: string | undefined
  readonly count: number
  /** Days: `2026-11-20`. */
  readonly since: string
  readonly last: string
}

export interface StatusView {
  /** Newest first. */
  readonly sessions: readonly StatusSession[]
  /** The accounts that these sessions touch. */
  readonly accounts: readonly PayingAccount[]
  /** What came of the portfolios' money in the periods that are under way. */
  readonly worth?: readonly PortfolioWorth[]
  readonly experiments?: readonly ExperimentProgress[]
  /** How runs of these workflows failed, the newest first. */
  readonly failures?: readonly StatusFailure[]
  /** Commands that wait for the run before them. */
  readonly waiting?: number
}

export interface PortfolioWorth {
  readonly portfolio: string
  readonly spend: AcceptedSpend
}

export function statusComment(view: StatusView): string {
  if (view.sessions.length === 0) return '### Sessions here\n\nNone yet. `/agent list` shows what can be started.'
  const rows = view.sessions.map((session) => [
    session.commentUrl === undefined ? code(session.sessionId) : link(code(session.sessionId), session.commentUrl),
    code(workflowName(session)),
    stand(session),
    `${formatUsd(session.spentMicroUsd)} of at most ${formatAtMostUsd(session.capMicroUsd)}`,
    ceilingWords(session.ceiling),
    session.outcome ?? '',
  ])
  return paragraphs(
    '### Sessions here',
    table(['session', 'workflow', 'stands', 'cost', 'whole session', 'outcome'], rows),
    view.accounts.length === 0 ? undefined : `**What is left**\n\n${accountLines(view.accounts)}`,
    waitingLine(view.waiting ?? 0),
    failuresText(view.failures ?? []),
    worthText(view.worth ?? []),
    ...(view.experiments ?? []).map(progressText),
  )
}

function waitingLine(count: number): string | undefined {
  if (count === 0) return undefined
  return count === 1
    ? '1 start waits for the run before it.'
    : `${count} starts wait for the run before them, in order.`
}

function failuresText(failures: readonly StatusFailure[]): string | undefined {
  if (failures.length === 0) return undefined
  const lines = failures.map(({ workflow, reason, step, count, since, last }) => {
    const at = step === undefined ? '' : ` at step ${code(step)}`
    const often = count === 1 ? `once, on ${since}` : `${count} times since ${since}, last on ${last}`
    return `- ${code(workflow)}: ${code(reason)}${at}, ${often}`
  })
  return `**How these workflows failed in this repository**\n\n${lines.join('\n')}`
}

function worthText(worth: readonly PortfolioWorth[]): string | undefined {
  const lines = worth.flatMap(({ portfolio, spend }) => {
    const words = perAcceptedWords(spend)
    return words === undefined ? [] : [`- **${inline(portfolio)}**: ${words}`]
  })
  return lines.length === 0 ? undefined : `**What came of it in this period**\n\n${lines.join('\n')}`
}

function progressText({ name, success, settled, accepted }: ExperimentProgress): string {
  const { runs, acceptedBasisPoints } = success
  const isReached = settled >= runs && accepted * 10_000 >= settled * acceptedBasisPoints
  const runsWords = settled === 1 ? '1 run has' : `${settled} runs have`
  const far = settled === 0 ? 'no run has an outcome yet' : `${runsWords} an outcome, ${accepted} of them accepted`
  const goal = `${runs} runs with an outcome, ${acceptedBasisPoints / 100}% of them accepted`
  const next = isReached
    ? `That is the success that it declares (${goal}): a maintainer can move its workflows into a portfolio.`
    : `The success that it declares: ${goal}.`
  return `**Experiment ${inline(name)}:** ${far}. ${next}`
}

function stand(session: StatusSession): string {
  switch (session.phase) {
    case 'quoted':
      return 'waits for `/agent go`'
    case 'started':
      return 'waits for its job'
    case 'running':
      return session.told === undefined ? 'at work' : `told to ${session.told}`
    case 'ended':
      return howItStands(session)
  }
}
