/** What must hold of the shares that a portfolio assigns to variants, and whether a variant that has none can be decided. */

import { minBigint, usdDecimal } from '../money/money.ts'
import { nearest } from '../nearest.ts'
import { BASELINE, BUCKETS } from '../plan/assignment.ts'
import { floorReach, floorReachLine } from '../promotion/floor-reach.ts'
import type { Catalog } from './catalog.ts'
import { problemAt } from './explain.ts'
import type { Portfolio } from './portfolios.ts'
import type { Finding, Problem } from './problem.ts'
import type { Settings } from './settings.ts'

export function checkTrials(settings: Settings, catalog: Catalog): readonly Problem[] {
  const portfolios = Object.entries(settings.portfolios.value.portfolios)
  return [
    ...reservedProblems(catalog),
    ...portfolios.flatMap(([name, portfolio]) => [
      ...shareProblems(name, portfolio, settings, catalog),
      ...sumProblems(name, portfolio, settings),
    ]),
    ...portfolios.flatMap(([, portfolio]) => reachProblems(portfolio, settings, catalog)),
  ]
}

function reservedProblems({ workflows }: Catalog): Problem[] {
  return workflows.flatMap(({ variant, source }) => {
    if (variant !== BASELINE) return []
    const wrong = `a variant is named ${BASELINE}, which is how a command names the workflow itself`
    return [problemAt([source], ['summary'], { wrong, expected: 'another name', example: 'plain.yml' })]
  })
}

function shareProblems(
  name: string,
  { trials = {}, workflows }: Portfolio,
  { portfolios: { sources } }: Settings,
  { families, unreadable }: Catalog,
): Problem[] {
  return Object.entries(trials).flatMap(([trial, share]) => {
    const at = (finding: Finding) => [problemAt(sources, ['portfolios', name, 'trials', trial], finding)]
    const [family = '', variant = ''] = trial.split('/')
    if (!workflows.includes(family)) {
      const example = `${nearest(family, workflows) ?? workflows[0]}/${variant}`
      return at({
        wrong: `${family} is not a workflow of this portfolio`,
        expected: 'a variant of one that is',
        example,
      })
    }
    if (unreadable.workflows.has(family)) return []
    const names = [...(families.get(family)?.variants.keys() ?? [])]
    if (!names.includes(variant)) {
      return at({
        wrong: `${family} has no variant ${variant}`,
        expected: names.length > 0 ? `one of ${names.join(', ')}` : `catalog/${family}/variants/${variant}.yml`,
        example: `${family}/${nearest(variant, names) ?? names[0] ?? variant}: 20%`,
      })
    }
    if (share > 0) return []
    return at({ wrong: 'a share of nothing', expected: 'more than 0%, or the entry taken out', example: '20%' })
  })
}

function sumProblems(name: string, { trials = {} }: Portfolio, { portfolios: { sources } }: Settings): Problem[] {
  const sums = new Map<string, number>()
  for (const [trial, share] of Object.entries(trials)) {
    const [family = ''] = trial.split('/')
    sums.set(family, (sums.get(family) ?? 0) + share)
  }
  return [...sums].flatMap(([family, sum]) => {
    if (sum <= BUCKETS) return []
    const finding = {
      wrong: `the shares of ${family} add up to ${sum / 100}%`,
      expected: 'at most 100% for the variants of a workflow, of which the baseline has the rest',
      example: `${family}/tests-first: 20%`,
    }
    return [problemAt(sources, ['portfolios', name, 'trials'], finding)]
  })
}

/** At its cap; a variant that is also assigned does not hang on a squad's budget. */
function reachProblems({ workflows, trials = {}, cap }: Portfolio, settings: Settings, catalog: Catalog): Problem[] {
  const { value, sources } = settings.portfolios
  const { exploration } = value
  if (!settings.declared || exploration === undefined || Object.keys(exploration.squads).length === 0) return []
  return catalog.workflows.flatMap(({ family, variant, workflow }) => {
    if (variant === undefined || !workflows.includes(family) || `${family}/${variant}` in trials) return []
    const microUsd = minBigint(workflow.cap.usd, cap?.usd ?? workflow.cap.usd)
    const tokens = workflow.cap.tokens === undefined ? undefined : BigInt(workflow.cap.tokens)
    const line = floorReachLine(floorReach(exploration, settings.promotion.value, { microUsd, tokens }))
    if (line === undefined) return []
    const finding = {
      wrong: `${family}/${variant} at its cap of $${usdDecimal(microUsd)}: ${line}`,
      expected: 'a higher floor, a lower cap, a longer window, or a share that the portfolio assigns',
      example: `trials: { ${family}/${variant}: 20% }`,
    }
    return [problemAt(sources, ['exploration', 'every-squad'], finding, 'warning')]
  })
}
