/** An offer to the organisation's catalog: its issue, with the evidence pooled over repositories, and its pull request. */

import { formatAtMostUsd, formatUsd } from '../money/money.ts'
import type { Share } from '../promotion/pooled.ts'
import { type Decided, decisionReasons } from '../promotion/promotion.ts'
import type { FileChanges } from '../promotion/promotion-change.ts'
import type { Tally } from '../promotion/tally.ts'
import { code, fenced, inline, linesWithin, paragraphs } from './markdown.ts'
import { trialMarker } from './marker.ts'
import { decisionLabels, howToDecide, offeredName, overdueLine } from './promotion-decision.ts'
import {
  type CheckpointView,
  type IssueText,
  type PromotionView,
  thresholdsTable,
  weakenedText,
} from './promotion-issue.ts'
import type { PullText } from './promotion-pull.ts'
import { type RepositoryRow, repositoriesTable } from './repositories-table.ts'

export interface OfferView extends Pick<PromotionView, 'weakened'> {
  readonly workflow: string
  /** `baseline` where the workflow itself is offered. */
  readonly variant: string
  readonly summary: string
  readonly squad?: string | undefined
  /** The repository that offers it, and the commit of its default branch that was read. */
  readonly from: string
  readonly configSha: string
  readonly windowDays: number
  readonly rows: readonly RepositoryRow[]
  readonly pooled: Share
  /** The last two looks; where there was none yet, how it stands. */
  readonly checkpoints: readonly CheckpointView[]
  readonly decided: Decided
  /** Micro-USD: the most that one run may cost. */
  readonly capMicroUsd: bigint
  /** The declaration as written. */
  readonly source: string
  readonly file: string
  /** The day it was offered on, once it is overdue. */
  readonly overdueSince?: string | undefined
}

const SOURCE_CHARACTERS_MAX = 9_000

export function offerIssue(view: OfferView): IssueText {
  const name = offeredName(view)
  return {
    title: `Take ${name} into the organisation’s catalog`,
    labels: [decisionLabels.offer.proposed],
    body: paragraphs(
      `${trialMarker(view.workflow, view.variant, view.checkpoints.at(-1)?.settled ?? 0)}\n${opening(view)}`,
      view.overdueSince === undefined ? undefined : overdueLine(view.overdueSince),
      view.squad === undefined ? undefined : `Worked out by squad **${inline(view.squad)}**, which gets the credit.`,
      `## What it does\n\n${inline(view.summary)}`,
      `A run of it costs never more than ${formatAtMostUsd(view.capMicroUsd)}${usual(view.pooled.variant)}.`,
      weakenedText(view),
      sourceText(view),
      `## The evidence\n\n${evidence(view)}`,
      `## The thresholds, over all of them together\n\n${thresholdsTable(view.checkpoints)}`,
      `They say **${view.decided.decision}**: ${view.decided.reasons.map((reason) => decisionReasons[reason]).join('; ')}. ` +
        'The thresholds are those of `promotion.yml` here. They decide nothing by themselves.',
      `## How to decide\n\n${howToDecide('offer')}`,
      view.variant === 'baseline'
        ? undefined
        : 'It comes into the catalog as a variant: nobody’s standard changes, and it runs where somebody names it or a share is declared.',
    ),
  }
}

function opening(view: OfferView): string {
  const { variant, baseline } = view.pooled
  const beside = baseline === undefined ? '' : ` (baseline: ${baseline.accepted} of ${baseline.settled})`
  return (
    `**${code(view.from)} offers ${code(offeredName(view))} to all repositories of the organisation.** In the last ` +
    `${view.windowDays} days ${variant.accepted} of its ${variant.settled} settled runs were accepted${beside}. ` +
    'Nothing changes until a maintainer of this repository decides.'
  )
}

function usual(tally: Tally): string {
  const runs = tally.settled + tally.unknown
  return runs === 0 ? '' : `, and ${formatUsd(tally.spendMicroUsd / BigInt(runs))} on average over ${runs} runs`
}

function sourceText({ source, file, configSha }: OfferView): string {
  const { shown, left } = linesWithin(source.trimEnd().split('\n'), SOURCE_CHARACTERS_MAX)
  const rest = left === 0 ? '' : `\n\n${left} more lines are in the file.`
  return `As declared in ${code(file)} at commit ${code(configSha.slice(0, 12))}:\n\n${fenced('yaml', shown.join('\n'))}${rest}`
}

function evidence(view: OfferView): string {
  if (view.rows.length === 0) {
    return 'No run of it has been settled yet under this definition, in any repository.'
  }
  return repositoriesTable(view.rows, view.pooled, 'makes the offer')
}

export interface OfferPullView {
  readonly workflow: string
  readonly variant: string
  readonly issueNumber: number
  readonly from: string
  readonly capMicroUsd: bigint
  readonly files: FileChanges
}

export function offerPull(view: OfferPullView): PullText {
  const { workflow, variant, issueNumber, from, files } = view
  const name = offeredName(view)
  const isVariant = variant !== 'baseline'
  return {
    title: `Take ${name} into the catalog`,
    body: paragraphs(
      `This adds ${code(name)}, which ${code(from)} worked out, to the organisation’s catalog.`,
      `**Why:** #${issueNumber} has the evidence of all repositories together. It was approved there by a maintainer; merging this is the last word.`,
      `Files: ${[...files.keys()].map((path) => code(path)).join(', ')}.`,
      `## What it costs\n\nNever more than ${formatAtMostUsd(view.capMicroUsd)} a run, and nothing before somebody starts it.`,
      isVariant
        ? `## How to roll it out\n\nDeclare its share in the portfolio of the organisation’s \`portfolios.yml\` that pays for ${code(workflow)}: \`trials: { ${name}: 10% }\`. ` +
            'Every repository that inherits that portfolio then assigns it to that share of subjects, by a hash that anybody can recompute. A repository that declares the portfolio itself decides itself.'
        : '## How to roll it out\n\nName it in a portfolio of the organisation’s `portfolios.yml`, or leave that to the repositories.',
      'Repositories that pin this catalog get it with a pull request of their own.',
      '## How to undo it\n\nRevert this pull request.',
      '<sub>Before this was opened, the result was resolved and compared: all that was in the catalog means what it meant, and what comes means the same here as there.</sub>',
    ),
  }
}

export function offeredText(name: string, issueUrl: string): string {
  return `${code(name)} is offered to the organisation’s catalog: ${issueUrl} has the evidence. A maintainer there decides.`
}
