/** A review of portfolios as Markdown: an issue, and what `purser review` prints. */

import { formatTokens, formatUsd } from '../money/money.ts'
import { type PortfolioCounts, perAcceptedWords, runsIn, settledIn } from '../outcome/portfolio-counts.ts'
import {
  type PortfolioReview,
  type ReviewedBudget,
  type ReviewedExperiment,
  type ReviewedOverrides,
  type ReviewedPortfolio,
  type ReviewedTrial,
  signals,
} from '../outcome/portfolio-review.ts'
import { ASSOCIATION, measuredWords, saysOf } from '../outcome/value-measure.ts'
import { formatShare } from '../promotion/measure.ts'
import { code, inline, paragraphs, table } from './markdown.ts'
import { unproposedWords } from './unproposed.ts'
import { workflowName } from './workflow-name.ts'

export const REVIEW_LABEL = 'purser: review'

export function reviewTitle({ per, from, to }: PortfolioReview): string {
  return per === 'month' ? `Review of portfolios, ${from.slice(0, 7)}` : `Review of portfolios, ${from} to ${to}`
}

export function reviewText(review: PortfolioReview): string {
  const { from, to, underWay, portfolios, experiments, squads, trials, unproposed } = review
  return paragraphs(
    `What the portfolios were for from ${from} to ${to}, what they cost and what came of it${underWay ? ', so far' : ''}. ` +
      'The question is whether each is worth its budget: **is this net positive?** ' +
      'It speaks of portfolios and of workflows, never of people.',
    overview(review),
    ASSOCIATION,
    ...portfolios.map(portfolioText),
    section('Experiments', experiments.map(experimentText)),
    section(
      'Exploration',
      squads.map(
        ({ squad, ...sprint }) => `- **${inline(squad)}**, ${sprint.from} to ${sprint.to}: ${budgetWords(sprint)}`,
      ),
    ),
    section('Variants on trial', [
      ...trials.map(trialText),
      ...unproposed.map((one) => `- **Can’t be proposed:** ${unproposedWords(one)}`),
    ]),
    review.underWay
      ? undefined
      : '<sub>Outcomes that come late are still entered here until the next review. ' +
          '`purser review` prints the same from the ledger; `review` in `portfolios.yml` switches these issues on and off.</sub>',
  )
}

function overview({ portfolios }: PortfolioReview): string {
  if (portfolios.length === 0) return 'No portfolio is declared.'
  const rows = portfolios.map((portfolio) => {
    const { name, value, now, before, counts, budget } = portfolio
    return [
      inline(name),
      inline(value),
      `${measuredWords(now)}; before: ${measuredWords(before)}`,
      budget === undefined ? 'nothing' : amountWords(budget.unit, budget.spent),
      perAcceptedWords(counts) ?? 'no outcome yet',
    ]
  })
  return table(['portfolio', 'value', 'its measure', 'cost', 'for each accepted run'], rows)
}

function portfolioText(portfolio: ReviewedPortfolio): string {
  const { name, purpose, value, measure, label, now, before, workflows, budget, counts, countsBefore } = portfolio
  const of = label === undefined ? '' : ` (${code(label)})`
  return paragraphs(
    `### ${inline(name)}: ${inline(purpose)}`,
    table(
      ['', 'this period', 'before'],
      [
        [`${inline(value)}: ${saysOf(measure)}${of}`, measuredWords(now), measuredWords(before)],
        ['runs', conclusionWords(counts), conclusionWords(countsBefore)],
        ['what became of them', outcomeWords(counts), outcomeWords(countsBefore)],
        ['cost for each accepted run', perAcceptedWords(counts) ?? '', perAcceptedWords(countsBefore) ?? ''],
        ['budget', budget === undefined ? 'untouched' : budgetWords(budget), ''],
      ],
    ),
    `Workflows: ${workflows.map(code).join(', ')}.`,
    overridesText(portfolio.overrides),
    portfolio.highCost === undefined ? undefined : `Dear runs are right here: ${inline(portfolio.highCost)}`,
    portfolio.signals.map((signal) => `- **${signal}:** ${signals[signal]}`).join('\n'),
  )
}

function overridesText(overrides: readonly ReviewedOverrides[]): string | undefined {
  if (overrides.length === 0) return undefined
  const told = overrides.map(({ workflow, overrides, settled, accepted }) => {
    const share = formatShare(accepted, settled)
    return `- ${code(`${workflow} ${overrides}`)}: ${share === undefined ? 'no outcome yet' : `accepted ${share}`}`
  })
  return `Asked for by hand, which says how the baseline might be set:\n\n${told.join('\n')}`
}

const concluded = ['completed', 'withheld', 'capped', 'failed', 'cancelled'] as const
const became = ['accepted', 'reworked', 'rejected', 'unknown', 'pending'] as const

function conclusionWords(counts: PortfolioCounts): string {
  const runs = runsIn(counts)
  if (runs === 0) return 'none'
  const told = concluded.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`)
  const capped = counts.capped === 0 ? '' : `; capped: ${formatShare(counts.capped, runs)}`
  return `${runs}: ${told.join(', ')}${capped}`
}

function outcomeWords(counts: PortfolioCounts): string {
  const told = became.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`)
  if (told.length === 0) return 'nothing yet'
  const accepted = formatShare(counts.accepted, settledIn(counts))
  return `${told.join(', ')}${accepted === undefined ? '' : `; accepted: ${accepted}`}`
}

function budgetWords({ unit, budget, spent, held }: ReviewedBudget): string {
  const share = budget === 0n ? '' : ` (${(spent * 100n) / budget}%)`
  const underWay = held === 0n ? '' : `, ${amountWords(unit, held)} held by runs under way`
  return `${amountWords(unit, spent)} of ${amountWords(unit, budget)}${share}${underWay}`
}

function amountWords(unit: 'usd' | 'tokens', amount: bigint): string {
  return unit === 'usd' ? formatUsd(amount) : formatTokens(amount)
}

function experimentText(experiment: ReviewedExperiment): string {
  const { name, project, lastDay, over, flatRate, budget, counts, success } = experiment
  const settled = settledIn(counts)
  const far = formatShare(counts.accepted, settled) ?? 'no outcome yet'
  const goal =
    success === undefined
      ? 'it declares no success'
      : `success is ${success.acceptedBasisPoints / 100}% of ${success.runs}`
  const isReached =
    success !== undefined &&
    settled >= success.runs &&
    counts.accepted * 10_000 >= settled * success.acceptedBasisPoints
  const cost = budget === undefined ? 'nothing spent' : `${budgetWords(budget)}${flatRate ? ', as a shadow price' : ''}`
  return [
    `- **${inline(name)}** (${inline(project)}), ${over ? `ended on ${lastDay}` : `until ${lastDay}`}: ${cost}.`,
    `Accepted: ${far}; ${goal}.${isReached ? ' **It is reached: its workflows can enter a portfolio.**' : ''}`,
  ].join(' ')
}

function trialText({ workflow, variant, settled, proposals }: ReviewedTrial): string {
  const said = proposals.map(({ proposal, state, reason, issueNumber, days, overdue }) => {
    const waits = state === 'open' ? `waits for a decision, ${days} days${overdue ? ', **overdue**' : ''}` : state
    return `${proposal} ${waits}${reason === undefined ? '' : ` (${reason})`} in #${issueNumber}`
  })
  const runs = settled === 1 ? '1 settled run' : `${settled} settled runs`
  return `- ${code(workflowName({ workflow, variant }))}: ${[runs, ...said].join('; ')}`
}

function section(heading: string, lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : `### ${heading}\n\n${lines.join('\n')}`
}
