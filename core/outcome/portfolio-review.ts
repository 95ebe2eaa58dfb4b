/** The periodic report on portfolios: is this net positive? What it holds, and which signals its numbers give. */

import type { Proposal } from '../text/promotion-decision.ts'
import type { Unproposed } from '../text/unproposed.ts'
import { type PortfolioCounts, runsIn, settledIn } from './portfolio-counts.ts'
import type { Measured, MeasureName } from './value-measure.ts'

export interface PortfolioReview {
  /** `owner/name`. */
  readonly repository: string
  readonly per: 'week' | 'month'
  /** The first and the last day of the period, in the repository's time zone. */
  readonly from: string
  readonly to: string
  /** Whether the period is still under way. */
  readonly underWay: boolean
  /** Each list by name: never by what anything cost. */
  readonly portfolios: readonly ReviewedPortfolio[]
  readonly experiments: readonly ReviewedExperiment[]
  readonly squads: readonly ReviewedSprint[]
  readonly trials: readonly ReviewedTrial[]
  /** What is due to be proposed in the organisation's repository and can't be, as of now. */
  readonly unproposed: readonly Unproposed[]
}

/** In micro-USD or tokens. What was held belongs to runs that are under way. */
export interface ReviewedBudget {
  readonly unit: 'usd' | 'tokens'
  readonly budget: bigint
  readonly spent: bigint
  readonly held: bigint
}

export interface ReviewedPortfolio {
  readonly name: string
  readonly purpose: string
  readonly value: string
  readonly measure: MeasureName
  readonly label: string | undefined
  readonly now: Measured
  readonly before: Measured
  readonly workflows: readonly string[]
  /** Undefined where no account was opened, since nothing was ever reserved. */
  readonly budget: ReviewedBudget | undefined
  readonly counts: PortfolioCounts
  readonly countsBefore: PortfolioCounts
  /** What people asked for by hand, by workflow and words: a signal of how the baseline is set. */
  readonly overrides: readonly ReviewedOverrides[]
  readonly highCost: string | undefined
  readonly signals: readonly Signal[]
}

export interface ReviewedOverrides {
  readonly workflow: string
  /** As somebody writes them behind a command. */
  readonly overrides: string
  /** With an outcome, and the accepted ones among them. */
  readonly settled: number
  readonly accepted: number
}

export interface ReviewedExperiment {
  readonly name: string
  readonly project: string
  readonly lastDay: string
  readonly over: boolean
  readonly flatRate: boolean
  readonly budget: ReviewedBudget | undefined
  /** Since it began. */
  readonly counts: PortfolioCounts
  readonly success: { readonly runs: number; readonly acceptedBasisPoints: number } | undefined
}

/** A squad's sprint that the period touches. A squad is a team. */
export interface ReviewedSprint extends ReviewedBudget {
  readonly squad: string
  readonly from: string
  readonly to: string
}

export interface ReviewedTrial {
  readonly workflow: string
  readonly variant: string
  /** Since the trial began. */
  readonly settled: number
  readonly proposals: readonly {
    readonly proposal: Proposal
    readonly state: 'open' | 'approved' | 'merged' | 'rejected' | 'closed'
    readonly reason: string | undefined
    readonly issueNumber: number
    /** Whole days that it has been open without a decision. */
    readonly days: number
    readonly overdue: boolean
  }[]
}

/** What a portfolio's numbers ask somebody to look at. */
export const signals = {
  unused: 'Nothing ran. A portfolio that nobody uses is often too narrow, too tight or unknown; it can also go.',
  broad: 'It is broad: with many workflows its value tag says little. Two portfolios with one purpose each say more.',
  'cap-tight':
    'Many runs ended at their cap. The cap may be too tight for this work; the work is kept, but not finished.',
  'budget-tight': 'Nearly all of the budget was used. What comes next may be refused for want of room.',
  'unknown-high': 'What became of much of the work is unknown, so its cost for each accepted run says little.',
  'nothing-accepted': 'No work was accepted. Is this still worth its budget?',
} as const
export type Signal = keyof typeof signals

/** Fewer runs than this say nothing of a share. */
const RUNS_MIN = 5
const CAPPED_PERCENT = 20
const UNKNOWN_PERCENT = 20
const BUDGET_PERCENT = 90n
/** Broader ones stop being used; `purser check` warns of them too. */
export const PORTFOLIO_WORKFLOWS_WISE = 5

export function signalsOf(portfolio: Pick<ReviewedPortfolio, 'workflows' | 'budget' | 'counts'>): readonly Signal[] {
  const { workflows, budget, counts } = portfolio
  const runs = runsIn(counts)
  const settled = settledIn(counts)
  const known = settled + counts.unknown
  const is: Record<Signal, boolean> = {
    unused: runs + counts.pending === 0 && (budget?.spent ?? 0n) === 0n,
    broad: workflows.length > PORTFOLIO_WORKFLOWS_WISE,
    'cap-tight': runs >= RUNS_MIN && counts.capped * 100 >= CAPPED_PERCENT * runs,
    'budget-tight': budget !== undefined && budget.spent > 0n && budget.spent * 100n >= BUDGET_PERCENT * budget.budget,
    'unknown-high': known >= RUNS_MIN && counts.unknown * 100 > UNKNOWN_PERCENT * known,
    'nothing-accepted': settled >= RUNS_MIN && counts.accepted === 0,
  }
  return signalNames.filter((name) => is[name])
}

const signalNames = Object.keys(signals) as Signal[]
