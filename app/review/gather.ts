/** A review of portfolios, gathered from the running counts of the ledger. Nothing here looks at who did anything. */

import type { Configuration } from '../../core/config/configuration.ts'
import { namesOf } from '../../core/money/account.ts'
import { dayOf, type Period, periodOf } from '../../core/money/calendar.ts'
import { isOver, lastDayOf } from '../../core/money/payer.ts'
import { type PortfolioCounts, settledIn } from '../../core/outcome/portfolio-counts.ts'
import {
  type PortfolioReview,
  type ReviewedBudget,
  type ReviewedExperiment,
  type ReviewedOverrides,
  type ReviewedPortfolio,
  type ReviewedSprint,
  type ReviewedTrial,
  signalsOf,
} from '../../core/outcome/portfolio-review.ts'
import { isSpan, type Measured, scopeOf } from '../../core/outcome/value-measure.ts'
import { overrideSetOf, overrideWords } from '../../core/promotion/override-set.ts'
import { OVERDUE_DAYS } from '../../core/text/promotion-decision.ts'
import type { Account, PrismaClient, Promotion } from '../../prisma/client/client.ts'
import { allCounts } from '../ledger/portfolio-day.ts'
import { measureSpans } from '../ledger/span.ts'
import { unproposedAbove } from '../promotion/above.ts'

const DAY_MS = 86_400_000

export interface ReviewAsk {
  readonly prisma: PrismaClient
  readonly configuration: Configuration
  readonly repository: { readonly id: bigint; readonly owner: string; readonly name: string }
  /** Any moment of the period that is reviewed. */
  readonly at: Date
  readonly now: Date
}

export async function gatherReview(ask: ReviewAsk): Promise<PortfolioReview> {
  const { configuration, repository, at, now } = ask
  const { review, 'time-zone': timeZone, portfolios, experiments } = configuration.portfolios
  const per = review?.per ?? 'month'
  const period = periodOf(per, at, timeZone)
  const before = periodOf(per, new Date(period.start.getTime() - 1), timeZone)
  return {
    repository: `${repository.owner}/${repository.name}`,
    per,
    from: dayOf(period.start, timeZone),
    to: lastDay(period.end, timeZone),
    underWay: now < period.end,
    portfolios: await Promise.all(
      Object.keys(portfolios)
        .sort()
        .map((name) => portfolioOf(ask, name, period, before)),
    ),
    experiments: await Promise.all(
      Object.keys(experiments)
        .sort()
        .map((name) => experimentOf(ask, name)),
    ),
    squads: await sprintsOf(ask, period),
    trials: await trialsOf(ask, period),
    unproposed: await unproposedAbove(ask, now),
  }
}

function lastDay(end: Date, timeZone: string): string {
  return dayOf(new Date(end.getTime() - 1), timeZone)
}

async function portfolioOf(
  { prisma, configuration, repository }: ReviewAsk,
  name: string,
  period: Period,
  before: Period,
): Promise<ReviewedPortfolio> {
  const { portfolios, values } = configuration.portfolios
  const portfolio = portfolios[name]
  const value = portfolio && values[portfolio.value]
  if (!portfolio || !value) throw new Error(`the portfolio ${name} is not declared, or its value is not`)
  const { was, purpose, workflows } = portfolio
  const key = { repositoryId: repository.id, names: namesOf({ name, was }) }
  const { measure, label } = value
  const counts = await allCounts(prisma, key, period)
  const countsBefore = await allCounts(prisma, key, before)
  const measured = async (of: Period, own: PortfolioCounts): Promise<Measured> => {
    if (!isSpan(measure)) return { kind: 'share', count: own.redone, of: settledIn(own) }
    const scopes = scopeOf(measure) === 'label' ? [label ?? ''] : key.names
    return measureSpans(prisma, { repositoryId: repository.id, measure, scopes }, of)
  }
  const accounts = await prisma.account.findMany({
    where: {
      repositoryId: repository.id,
      kind: 'portfolio',
      periodStart: { gte: period.start, lt: period.end },
      OR: [{ name: { in: key.names } }, { formerNames: { has: name } }],
    },
  })
  const budget = budgetOf(accounts)
  return {
    name,
    purpose,
    value: portfolio.value,
    measure,
    label,
    now: await measured(period, counts),
    before: await measured(before, countsBefore),
    workflows,
    budget,
    counts,
    countsBefore,
    overrides: await overridesOf(prisma, repository.id, workflows, period),
    highCost: portfolio['high-cost'],
    signals: signalsOf({ workflows, budget, counts }),
  }
}

/** Sets of overrides that are told of. */
const OVERRIDES_MAX = 20

/** By the UTC days that the period touches. */
export async function overridesOf(
  prisma: PrismaClient,
  repositoryId: bigint,
  workflows: readonly string[],
  { start, end }: Period,
): Promise<readonly ReviewedOverrides[]> {
  const rows = await prisma.overrideDay.groupBy({
    by: ['family', 'overrideKey'],
    where: { repositoryId, family: { in: [...workflows] }, day: { gte: start, lt: end } },
    _sum: { accepted: true, reworked: true, rejected: true },
    orderBy: [{ family: 'asc' }, { overrideKey: 'asc' }],
    take: OVERRIDES_MAX,
  })
  return rows.map(({ family, overrideKey, _sum: { accepted, reworked, rejected } }) => ({
    workflow: family,
    overrides: overrideWords(overrideSetOf(overrideKey)),
    settled: (accepted ?? 0) + (reworked ?? 0) + (rejected ?? 0),
    accepted: accepted ?? 0,
  }))
}

/** A month may hold several weeks' budgets. */
function budgetOf(accounts: readonly Account[]): ReviewedBudget | undefined {
  const [first] = accounts
  if (!first) return undefined
  const sum = (column: 'budget' | 'spent' | 'held') => accounts.reduce((total, account) => total + account[column], 0n)
  return { unit: first.unit, budget: sum('budget'), spent: sum('spent'), held: sum('held') }
}

async function experimentOf(
  { prisma, configuration, repository, now }: ReviewAsk,
  name: string,
): Promise<ReviewedExperiment> {
  const { experiments, 'time-zone': timeZone } = configuration.portfolios
  const experiment = experiments[name]
  if (!experiment) throw new Error(`the experiment ${name} is not declared`)
  const { was, project, metering, success } = experiment
  const names = namesOf({ name, was })
  const key = { repositoryId: repository.id, names }
  const accounts = await prisma.account.findMany({
    where: {
      repositoryId: repository.id,
      kind: 'experiment',
      OR: [{ name: { in: names } }, { formerNames: { has: name } }],
    },
  })
  return {
    name,
    project,
    lastDay: lastDayOf(experiment),
    over: isOver(experiment, now, timeZone),
    flatRate: metering === 'flat-rate',
    budget: budgetOf(accounts),
    counts: await allCounts(prisma, key, { start: new Date(0), end: now }),
    success: success && { runs: success.runs, acceptedBasisPoints: success.accepted },
  }
}

async function sprintsOf(
  { prisma, configuration, repository }: ReviewAsk,
  period: Period,
): Promise<readonly ReviewedSprint[]> {
  const timeZone = configuration.portfolios['time-zone']
  const accounts = await prisma.account.findMany({
    where: {
      repositoryId: repository.id,
      kind: 'squad',
      periodStart: { lt: period.end },
      periodEnd: { gt: period.start },
    },
    orderBy: [{ name: 'asc' }, { periodStart: 'asc' }, { unit: 'asc' }],
  })
  return accounts.map(({ name, unit, budget, spent, held, periodStart, periodEnd }) => ({
    squad: name,
    from: dayOf(periodStart, timeZone),
    to: lastDay(periodEnd, timeZone),
    unit,
    budget,
    spent,
    held,
  }))
}

/** Of the variants in the catalog, those that have a settled run or a proposal that the period saw. */
async function trialsOf(
  { prisma, configuration, repository, now }: ReviewAsk,
  period: Period,
): Promise<readonly ReviewedTrial[]> {
  const repositoryId = repository.id
  const trials = await prisma.trial.findMany({ where: { repositoryId, variant: { not: '' } } })
  const promotions = await prisma.promotion.findMany({
    where: {
      repositoryId,
      issueNumber: { not: null },
      openedAt: { lt: period.end },
      OR: [{ state: { in: ['open', 'approved'] } }, { decidedAt: { gte: period.start } }],
    },
    orderBy: { openedAt: 'asc' },
  })
  const named = [...configuration.families.values()].flatMap(({ name, variants }) =>
    [...variants.keys()].sort().map((variant) => ({ workflow: name, variant })),
  )
  const gone = promotions
    .map(({ family, variant }) => ({ workflow: family, variant }))
    .filter((one, index, all) => {
      const isSame = (other: typeof one) => other.workflow === one.workflow && other.variant === one.variant
      return !named.some(isSame) && all.findIndex(isSame) === index
    })
  return [...named, ...gone].flatMap(({ workflow, variant }) => {
    const settled = trials.find((trial) => trial.family === workflow && trial.variant === variant)?.settled ?? 0
    const proposals = promotions
      .filter((promotion) => promotion.family === workflow && promotion.variant === variant)
      .flatMap((promotion) => proposalOf(promotion, now))
    return settled === 0 && proposals.length === 0 ? [] : [{ workflow, variant, settled, proposals }]
  })
}

function proposalOf(
  { decision, state, rejection, issueNumber, openedAt }: Promotion,
  now: Date,
): ReviewedTrial['proposals'] {
  if (issueNumber === null || state === 'opening') return []
  const days = Math.floor((now.getTime() - openedAt.getTime()) / DAY_MS)
  const overdue = state === 'open' && days >= OVERDUE_DAYS
  return [{ proposal: decision, state, reason: rejection ?? undefined, issueNumber, days, overdue }]
}
