/** How a maintainer decides on a proposal, and what is said in its issue once somebody has. */
import { BASELINE } from '../plan/assignment.ts'
import { type Rejection, rejectionOf, rejectionsListed, rejectionsOf } from '../promotion/rejection.ts'
import { code, inline, paragraphs } from './markdown.ts'
import { workflowName } from './workflow-name.ts'

/** `adopt`: overrides become a variant. */
export type Proposal = 'promote' | 'sunset' | 'rollback' | 'adopt' | 'offer'

/** The labels of each kind of proposal. Those that decide count when somebody with the maintain role sets them. */
export const decisionLabels = {
  promote: { proposed: 'promotion: proposed', approved: 'promotion: approved', rejected: 'promotion: rejected' },
  sunset: { proposed: 'sunset: proposed', approved: 'sunset: approved', rejected: 'sunset: rejected' },
  rollback: { proposed: 'rollback: proposed', approved: 'rollback: approved', rejected: 'rollback: rejected' },
  adopt: { proposed: 'variant: proposed', approved: 'variant: approved', rejected: 'variant: rejected' },
  offer: { proposed: 'offer: proposed', approved: 'offer: approved', rejected: 'offer: rejected' },
} as const satisfies Record<Proposal, { proposed: string; approved: string; rejected: string }>

/** A proposal that nobody has decided by then is told of as overdue. */
export const OVERDUE_DAYS = 14
/** A rejected proposal comes back after so many further checkpoints; one that was closed without a reason after the next two. */
export const REJECTED_CHECKPOINTS = 4
export const CLOSED_CHECKPOINTS = 2

const REJECTED = 'rejected: '

export function rejectionLabel(rejection: Rejection): string {
  return `${REJECTED}${rejection}`
}

/** What a label says of a proposal: that it is approved, that it is rejected, and for which reason, where it names one. */
export function verdictOf(
  proposal: Proposal,
  label: string,
): { readonly verdict: 'approved' } | { readonly verdict: 'rejected'; readonly reason?: Rejection } | undefined {
  const { approved, rejected } = decisionLabels[proposal]
  if (label === approved) return { verdict: 'approved' }
  const reason = rejectionOf(label.slice(REJECTED.length), proposal)
  if (reason !== undefined && label === rejectionLabel(reason)) return { verdict: 'rejected', reason }
  return label === rejected || label.startsWith(REJECTED.trimEnd()) ? { verdict: 'rejected' } : undefined
}

/** Everything that decides, to be taken off an issue that is open for a decision again. */
export function decidingLabels(proposal: Proposal): readonly string[] {
  const { approved, rejected } = decisionLabels[proposal]
  return [approved, rejected, ...rejectionsOf(proposal).map(([name]) => rejectionLabel(name))]
}

const carriesOut = {
  promote:
    'A pull request opens that makes the variant the baseline, keeps today’s baseline as a variant and proposes a cap. ' +
    'Nothing changes before it is merged.',
  sunset: 'A pull request opens that takes the variant out of the catalog. Nothing changes before it is merged.',
  rollback: 'A pull request opens that restores the old baseline. Nothing changes before it is merged.',
  adopt: 'A pull request opens that adds the file. Nothing changes before it is merged.',
  offer: 'A pull request opens that adds it to this catalog. Nothing changes before it is merged.',
} as const satisfies Record<Proposal, string>

/** One command approves whatever an issue proposes, which its name does not say. */
const approves: Readonly<Record<Proposal, string>> = {
  promote: '',
  sunset: ', which approves the sunset here',
  rollback: ', which approves the rollback here',
  adopt: ', which approves it here',
  offer: ', which approves the offer here',
}

const closing = {
  promote: 'Closing the issue without a reason puts it off until the next two checkpoints hold.',
  sunset: 'Closing the issue without a reason puts it off until the next two checkpoints say so again.',
  rollback: 'Closing the issue without a reason ends the watch.',
  adopt: 'Closing the issue without a reason ends it; it can be opened again.',
  offer: 'Closing the issue without a reason turns it down as it is declared now.',
} as const satisfies Record<Proposal, string>

/** What a refusal ends for good; the others come back by further checkpoints. */
const over: Readonly<Partial<Record<Proposal, string>>> = {
  rollback: 'The baseline stays as it is, and its watch is over.',
  adopt: 'The same overrides are not proposed again, unless the issue is opened again.',
  offer: 'It can be offered again once it is declared differently.',
}

export function howToDecide(proposal: Proposal): string {
  const labels = decisionLabels[proposal]
  const reasons = rejectionsOf(proposal).map(([name, says]) => `  - ${code(rejectionLabel(name))}: ${says}`)
  const again =
    over[proposal] ??
    `It is not proposed again before its definition changes or ${REJECTED_CHECKPOINTS} more checkpoints are reached.`
  return paragraphs(
    'Labels and commands count when somebody with the maintain role gives them.',
    [
      `- **Approve:** add the label ${code(labels.approved)} or comment ${code('/agent promote')}${approves[proposal]}. ${carriesOut[proposal]}`,
      `- **Reject:** add the label that says why, or comment ${code('/agent reject <reason>')} with its last word. ${again}`,
      ...reasons,
      `- **Wait:** do nothing, and nothing changes. After ${OVERDUE_DAYS} days it is listed as overdue. ${closing[proposal]}`,
    ].join('\n'),
  )
}

/** The paragraph that an issue gets once it is overdue. `since` is a day. */
export function overdueLine(since: string): string {
  return `**Overdue:** proposed on ${since}, and undecided for more than ${OVERDUE_DAYS} days.`
}

interface Named {
  readonly workflow: string
  readonly variant: string
}

export function approvedText(pullNumber: number): string {
  return `Approved. #${pullNumber} carries it out; nothing changes before it is merged, and closing it takes the approval back.`
}

export function alreadyText(pullNumber: number | null): string {
  return pullNumber === null
    ? 'It is approved already; its pull request is being opened.'
    : `It is approved already: #${pullNumber} carries it out.`
}

export function rejectedText(proposal: Proposal, rejection: Rejection, furtherRuns: number): string {
  const again =
    over[proposal] ??
    `It is not proposed again before its definition changes or ${furtherRuns} further runs of it are settled (${REJECTED_CHECKPOINTS} checkpoints).`
  const says = rejectionsOf(proposal).find(([name]) => name === rejection)?.[1] ?? ''
  return `Rejected: ${code(rejection)}, ${says}. ${again}`
}

export function closedText(proposal: Proposal, furtherRuns: number): string {
  const again =
    over[proposal] ??
    `It is not proposed again before two further checkpoints say so (${furtherRuns} settled runs) or its definition changes.`
  return `Closed without a decision, which counts as a refusal without a reason. ${again} To decide now, reopen the issue.`
}

export function reasonNeededText(proposal: Proposal): string {
  return `A rejection needs a reason, so nothing was decided. Add the label ${code('rejected: <reason>')} or comment ${code('/agent reject <reason>')}, where the reason is ${rejectionsListed(proposal)}.`
}

export function notPermittedText(label: string): string {
  return `The label ${code(label)} counts only when somebody with the maintain role sets it. It was taken off, and nothing was decided.`
}

export function notReopenedText(): string {
  return 'Only somebody with the maintain role opens a decided proposal again. The issue was closed again, and the decision stands.'
}

export function decidedText(): string {
  return 'This is decided. To decide anew, reopen the issue first.'
}

export function changedMeanwhileText(named: Named): string {
  return (
    `${code(workflowName(named))} or its baseline is declared differently now than when it was judged, so no pull request was opened ` +
    'and nothing was decided. Its trial begins anew with the new definition; it is proposed again here once that holds at two checkpoints.'
  )
}

/** `problem` is a sentence that may quote what somebody wrote. */
export function notPossibleText(problem: string): string {
  return `No pull request was opened, and nothing was decided. ${inline(problem)}`
}

export function withdrawnText(pullNumber: number, proposal: Proposal): string {
  return (
    `#${pullNumber} was closed without a merge into the default branch, so nothing changed there and the proposal is open again. ` +
    `Add ${code(decisionLabels[proposal].approved)} anew for another pull request, or reject it with a reason.`
  )
}

/** A row of an offer names the workflow itself by `baseline`, which no variant can be called. */
export function offeredName({ workflow, variant }: Named): string {
  return workflowName({ workflow, variant: variant === BASELINE ? undefined : variant })
}

export interface CarriedOut extends Named {
  readonly pullNumber: number
  readonly squad?: string | undefined
  /** The variant that the old baseline goes on as. */
  readonly keptAs?: string | undefined
  readonly watchDays: number
}

export function carriedOutText(proposal: Proposal, view: CarriedOut): string {
  const { workflow, variant, pullNumber, squad, keptAs, watchDays } = view
  const name = code(workflowName({ workflow, variant }))
  const by = squad === undefined ? '' : ` It was worked out by squad **${inline(squad)}**: thank you.`
  switch (proposal) {
    case 'promote':
      return (
        `**${name} is the standard ${code(workflow)} now**, by #${pullNumber}.${by} ` +
        `${keptAs === undefined ? '' : `The old one can still be chosen as ${code(`${workflow}/${keptAs}`)}. `}` +
        `For ${watchDays} days its checkpoints are held against what the old one did; if it does worse at two in a row, an issue proposes to roll it back.`
      )
    case 'sunset':
      return `${name} has left the catalog, by #${pullNumber}.${squad === undefined ? '' : ` Thanks to squad **${inline(squad)}** for the try.`}`
    case 'adopt':
      return `${name} is in the catalog now, by #${pullNumber}. Its runs are compared with the baseline’s from here on.`
    case 'offer':
      return `${code(offeredName({ workflow, variant }))} is in the organisation’s catalog now, by #${pullNumber}.${by}`
    case 'rollback':
      return `${code(workflow)} is what it was before ${name}, by #${pullNumber}. The variant stays in the catalog and can be chosen.`
  }
}
