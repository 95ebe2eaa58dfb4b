/** `/agent list`: what is on offer on this kind of subject, what it costs and how to ask for it. */
import type { Configuration, Family } from '../../core/config/configuration.ts'
import { subjectsOf } from '../../core/config/trigger.ts'
import type { InputDeclaration } from '../../core/config/workflow.ts'
import { minBigint } from '../../core/money/money.ts'
import { isOver, lastDayOf, type PayingExperiment, payerOf } from '../../core/money/payer.ts'
import { quoteRun } from '../../core/money/quote.ts'
import { isRefusal } from '../../core/reason.ts'
import {
  type ListedExperiment,
  type ListedInput,
  type ListedProposal,
  type ListedWorkflow,
  listComment,
} from '../../core/text/list-comment.ts'
import type { HighCost } from '../../core/text/paying-account.ts'
import { OVERDUE_DAYS } from '../../core/text/promotion-decision.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { answer, type CommandAt, showRefusal } from '../comment/command.ts'
import type { Declared } from '../declared/configuration.ts'
import { recentSpends } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { type Below, openAbove, unproposedAbove } from '../promotion/above.ts'
import { newStandard } from '../promotion/new-standard.ts'
import { acceptedLately, portfolioLately } from '../run/accepted.ts'
import { declaredBy } from '../run/prepare.ts'
import { siteOf } from '../show/urls.ts'

/** Longer catalogs are hardly read; `purser check` warns of them. */
const WORKFLOWS_SHOWN_MAX = 30
const PROPOSALS_SHOWN_MAX = 30
const DAY_MS = 86_400_000

export async function list(at: CommandAt): Promise<void> {
  const declared = await declaredBy(at.parts, at.place)
  if (isRefusal(declared)) return showRefusal(at.place, at, declared)
  const { subject } = await at.subject()
  const { configuration } = declared
  const families = familiesFor(configuration, subject.kind).slice(0, WORKFLOWS_SHOWN_MAX)
  const workflows = await Promise.all(families.map((family) => listed(at, declared, family)))
  const highCost = await highCostOf(at, configuration, workflows)
  const { parts, place } = at
  const { prisma } = parts
  const below = { prisma, configuration, repository: { id: place.repositoryId, owner: place.name.owner } }
  const proposals = await proposalsAt(at, below)
  const unproposed = await unproposedAbove(below, parts.now())
  await answer(at, listComment({ workflows, highCost, proposals, unproposed }))
}

async function highCostOf(
  { parts, place: { repositoryId } }: CommandAt,
  configuration: Configuration,
  workflows: readonly ListedWorkflow[],
): Promise<readonly HighCost[]> {
  const names = new Set(workflows.flatMap(({ portfolio }) => portfolio ?? []))
  const declared = [...names].toSorted().map(async (name): Promise<readonly HighCost[]> => {
    const highCost = configuration.portfolios.portfolios[name]?.['high-cost']
    if (highCost === undefined) return []
    const worth = await portfolioLately(parts.prisma, configuration, { repositoryId, name }, parts.now())
    return [{ name, highCost, worth }]
  })
  return (await Promise.all(declared)).flat()
}

/** Approved ones wait for their pull request instead, which is on its own list. */
async function proposalsAt({ parts, place }: CommandAt, below: Below): Promise<readonly ListedProposal[]> {
  const { repositoryId } = place
  const own = await parts.prisma.promotion.findMany({
    where: { repositoryId, state: 'open', issueNumber: { not: null } },
    orderBy: { openedAt: 'asc' },
    take: PROPOSALS_SHOWN_MAX,
  })
  const above = await openAbove(below)
  return [
    ...own.map((promotion) => listedProposal(parts, promotion, siteOf(parts, place))),
    ...above.map(({ repository: { owner, name }, ...promotion }) => ({
      ...listedProposal(parts, promotion, `${parts.siteUrl}/${owner}/${name}`),
      repository: `${owner}/${name}`,
    })),
  ]
}

function listedProposal(
  parts: Parts,
  { decision, family, variant, issueNumber, openedAt }: Promotion,
  site: string,
): ListedProposal {
  const days = Math.floor((parts.now().getTime() - openedAt.getTime()) / DAY_MS)
  return {
    proposal: decision,
    workflow: family,
    variant,
    issueNumber: issueNumber ?? 0,
    issueUrl: `${site}/issues/${issueNumber}`,
    days,
    overdue: days >= OVERDUE_DAYS,
  }
}

export function familiesFor(configuration: Configuration, kind: string): readonly Family[] {
  return [...configuration.families.values()]
    .filter((family) => subjectsOf(family.baseline.on).some((subject) => subject === kind))
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

async function listed(at: CommandAt, declared: Declared, family: Family): Promise<ListedWorkflow> {
  const { configuration } = declared
  const { baseline, name } = family
  const payer = payerOf(configuration, name)
  const cap = minBigint(baseline.cap.usd, payer?.terms.cap?.usd ?? baseline.cap.usd)
  const { prisma } = at.parts
  const { repositoryId } = at.place
  const spends = await recentSpends(prisma, repositoryId, name, null)
  return {
    name,
    summary: baseline.summary,
    portfolio: payer?.kind === 'portfolio' ? payer.name : undefined,
    experiment: payer?.kind === 'experiment' ? listedExperiment(at, configuration, payer) : undefined,
    quote: quoteRun(spends, cap, cap),
    accepted: await acceptedLately(
      prisma,
      configuration,
      { repositoryId, family: name, variant: null },
      at.parts.now(),
    ),
    newStandard: await newStandard(at.parts, { place: at.place, declared }, name),
    inputs: Object.entries(baseline.inputs).map(([input, declared]) => listedInput(input, declared)),
    variants: [...family.variants.values()].map(({ name, overlay }) => ({
      name,
      summary: overlay.summary,
      squad: overlay.squad,
    })),
  }
}

function listedExperiment(
  { parts }: CommandAt,
  { portfolios }: Configuration,
  { name, experiment }: PayingExperiment,
): ListedExperiment {
  return {
    name,
    project: experiment.project,
    scope: experiment.scope.paths,
    lastDay: lastDayOf(experiment),
    over: isOver(experiment, parts.now(), portfolios['time-zone']),
  }
}

function listedInput(name: string, declared: InputDeclaration): ListedInput {
  const { description } = declared
  return { name, type: typeInWords(declared), description, default: declared.default?.toString() }
}

function typeInWords(declared: InputDeclaration): string {
  if (declared.type === 'choice') return declared.options.join(', ')
  return declared.type === 'boolean' ? 'true or false' : declared.type
}
