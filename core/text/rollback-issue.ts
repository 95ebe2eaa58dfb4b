/** The issue that proposes to restore an old baseline, since the promoted one has done worse at two checkpoints in a row. */
import type { Measure } from '../promotion/measure.ts'
import { code, paragraphs, table } from './markdown.ts'
import { trialMarker } from './marker.ts'
import { decisionLabels, howToDecide, overdueLine } from './promotion-decision.ts'
import { examples, type IssueText, runsDetails, type Side } from './promotion-issue.ts'
import { workflowName } from './workflow-name.ts'

export interface WatchView {
  /** The new baseline's settled runs since the merge. */
  readonly settled: number
  readonly day: string
  readonly measures: readonly Measure[]
}

export interface RollbackView {
  readonly workflow: string
  /** The variant that had become the baseline. */
  readonly variant: string
  /** The variant that the old baseline is now. */
  readonly keptAs: string
  readonly promotedOn: string
  /** The issue in which it had been proposed. */
  readonly promotedIn: number
  /** The last two, oldest first. */
  readonly checkpoints: readonly WatchView[]
  /** What it did since the merge. */
  readonly since: Side
  /** `owner/name` of the repository that judges it. */
  readonly repository: string
  readonly overdueSince?: string | undefined
}

const names: Partial<Record<Measure['threshold'], string>> = {
  'accepted-baseline': 'Accepted, beside the old baseline',
  'spend-per-accepted': 'Cost for each accepted run',
  'reverted-baseline': 'Reverted, beside the old baseline',
}

export function rollbackIssue(view: RollbackView): IssueText {
  const { workflow, variant, keptAs, promotedOn, promotedIn, checkpoints, since } = view
  const last = checkpoints.at(-1)
  const at = checkpoints.map(({ settled }) => settled).join(' and at ')
  const rows = (last?.measures ?? []).map((measure) => [
    `**${names[measure.threshold] ?? measure.threshold}**`,
    measure.required.replace('the baseline’s', 'the old baseline’s'),
    ...checkpoints.map(({ measures }) => cell(measures.find(({ threshold }) => threshold === measure.threshold))),
  ])
  return {
    title: `Roll ${workflow} back to what it was before ${variant}`,
    body: paragraphs(
      `${trialMarker(workflow, variant, last?.settled ?? 0)}\n**Since ${code(workflowName(view))} became the standard ${code(workflow)} on ${promotedOn}, it has done worse ` +
        `than the old baseline did, twice in a row: at ${at} settled runs.** It is proposed to restore the old one, which is kept as ${code(`${workflow}/${keptAs}`)}. ` +
        'Nothing changes until a maintainer decides.',
      view.overdueSince === undefined ? undefined : overdueLine(view.overdueSince),
      `## What is worse\n\n${table(['', 'needed', ...checkpoints.map(({ settled, day }) => `at ${settled} settled runs (${day})`)], rows)}`,
      'It counts as worse where one of them does not hold; missing data is not worse. They are those of every promotion. ' +
        `The old baseline’s numbers are those it had when the promotion was approved; #${promotedIn} shows its runs. ` +
        'A few runs can fall this way by chance, so look at what was turned down before you decide.',
      `## What became of its work since\n\n${examples(since)}`,
      `## How to decide\n\n${howToDecide('rollback')}`,
      `## How to recompute it\n\n${howToRecompute(view)}`,
      runsDetails(`Every run of it since ${promotedOn} that counts`, since),
    ),
    labels: [decisionLabels.rollback.proposed],
  }
}

function howToRecompute({ workflow, promotedIn, promotedOn, repository, checkpoints }: RollbackView): string {
  const counts = checkpoints.map(({ settled }) => `${settled}`).join(' and ')
  const ask = `purser evidence --family ${workflow} --repository ${repository} --save runs.jsonl`
  return (
    `Everything here is counting. Take the runs below from the oldest on; after the first ${counts} that were accepted, reworked or ` +
    'rejected, count them by outcome, add up what they and the unknown ones between them cost, and hold the sums against the old ' +
    `baseline’s numbers above, which come from the runs in #${promotedIn}. ${code(ask)} writes all of them down from the App’s ledger: ` +
    `those of the baseline have no variant, and those that ended after the merge on ${promotedOn} are the new one’s.`
  )
}

function cell(measure: Measure | undefined): string {
  return measure?.measured === undefined ? 'no data' : `${measure.measured} ${measure.holds ? '✓' : '✗'}`
}
