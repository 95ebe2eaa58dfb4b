/** What must hold between portfolios, values, squads, experiments and the catalog they pay for. */
import { minBigint, mulDivCeil, usdDecimal } from '../money/money.ts'
import { nearest } from '../nearest.ts'
import { PORTFOLIO_WORKFLOWS_WISE } from '../outcome/portfolio-review.ts'
import type { Catalog, LocatedWorkflow } from './catalog.ts'
import { baselineOf, experimentProblems, unknownWorkflow } from './check-experiments.ts'
import { nestedNames } from './check-nested.ts'
import type { Path } from './document.ts'
import { problemAt } from './explain.ts'
import type { Portfolio, PortfoliosFile } from './portfolios.ts'
import type { Finding, Problem } from './problem.ts'
import type { Settings } from './settings.ts'

/** Broad portfolios and large catalogs stop being used. */
const VALUES_MAX = 7
const OFFERED_WORKFLOWS_WISE = 12

type Report = (path: Path, finding: Finding, severity?: Problem['severity']) => Problem

export function checkPortfolios(settings: Settings, catalog: Catalog): readonly Problem[] {
  const { value, sources } = settings.portfolios
  const report: Report = (path, finding, severity = 'error') => problemAt(sources, path, finding, severity)
  const portfolios = Object.entries(value.portfolios)
  const experiments = Object.entries(value.experiments)
  return [
    ...sizeProblems(settings, report),
    ...portfolios.flatMap(([name, portfolio]) => portfolioProblems(name, portfolio, settings, catalog, report)),
    ...experiments.flatMap(([name, experiment]) => experimentProblems(name, experiment, value, catalog, report)),
    ...twiceProblems(value, report),
    ...unpaidProblems(settings, catalog),
    ...catalog.workflows.flatMap((workflow) => squadProblems(workflow, settings)),
  ]
}

function sizeProblems({ portfolios: { value } }: Settings, report: Report): Problem[] {
  const values = Object.keys(value.values)
  const offered = new Set(Object.values(value.portfolios).flatMap(({ workflows }) => workflows))
  const problems: Problem[] = []
  if (values.length > VALUES_MAX) {
    problems.push(
      report(['values'], {
        wrong: `${values.length} values`,
        expected: `at most ${VALUES_MAX}, so that a tag still says something`,
        example: values.slice(0, VALUES_MAX).join(', '),
      }),
    )
  }
  if (offered.size > OFFERED_WORKFLOWS_WISE) {
    problems.push(
      report(
        ['portfolios'],
        {
          wrong: `${offered.size} workflows are offered, and large catalogs stop being used`,
          expected: `at most ${OFFERED_WORKFLOWS_WISE} in all`,
          example: 'the ones that nobody started last month taken out',
        },
        'warning',
      ),
    )
  }
  return problems
}

function portfolioProblems(
  name: string,
  portfolio: Portfolio,
  settings: Settings,
  catalog: Catalog,
  report: Report,
): Problem[] {
  const { value } = settings.portfolios
  const path = ['portfolios', name]
  const problems: Problem[] = []
  const values = Object.keys(value.values)
  if (!values.includes(portfolio.value)) {
    problems.push(
      report([...path, 'value'], {
        wrong: `there is no value ${portfolio.value}`,
        expected: values.length > 0 ? `one of ${values.join(', ')}` : 'a name declared under `values`',
        example: `value: ${nearest(portfolio.value, values) ?? values[0] ?? 'quality'}`,
      }),
    )
  }
  if (portfolio.workflows.length > PORTFOLIO_WORKFLOWS_WISE) {
    problems.push(
      report(
        [...path, 'workflows'],
        {
          wrong: `${portfolio.workflows.length} workflows in one portfolio, and broad portfolios stop being used`,
          expected: `at most ${PORTFOLIO_WORKFLOWS_WISE}`,
          example: 'two portfolios, each with one purpose',
        },
        'warning',
      ),
    )
  }
  if (portfolio['spend-per-accepted'] !== undefined && portfolio['high-cost'] === undefined) {
    problems.push(
      report([...path, 'spend-per-accepted'], {
        wrong: 'a ratio of its own, and no reason why dear runs are right here',
        expected: '`high-cost` beside it, which everybody is shown; or the ratio of `promotion.yml`, the same for all',
        example: 'high-cost: Incidents justify deep context.',
      }),
    )
  }
  const squads = value.exploration?.squads ?? {}
  if (Object.hasOwn(squads, name)) {
    problems.push(
      problemAt(
        settings.portfolios.sources,
        path,
        {
          wrong: `the portfolio is named after the squad ${name}`,
          expected: 'a portfolio named for its purpose, so that no money is somebody’s own',
          example:
            ['refactoring', 'upkeep', 'better-tests'].find((purpose) => !Object.hasOwn(squads, purpose)) ?? 'writing',
        },
        'error',
        'key',
      ),
    )
  }
  portfolio.workflows.forEach((workflow, index) => {
    problems.push(...memberProblems(workflow, [...path, 'workflows', index], portfolio, values, catalog, report))
  })
  return [...problems, ...amountProblems(portfolio, path, report)]
}

function memberProblems(
  name: string,
  path: Path,
  portfolio: Portfolio,
  values: readonly string[],
  catalog: Catalog,
  report: Report,
): Problem[] {
  if (catalog.unreadable.workflows.has(name)) return []
  const baseline = baselineOf(name, catalog)
  if (!baseline) return [report(path, unknownWorkflow(name, catalog))]
  const problems: Problem[] = []
  const { workflow } = baseline
  // A value that is not declared is named once, at the portfolio.
  if (values.includes(portfolio.value) && workflow.value !== portfolio.value) {
    problems.push(
      report(path, {
        wrong: `${name} serves ${workflow.value}, and the portfolio ${portfolio.value}`,
        expected: 'workflows of one value in a portfolio',
        example: `a portfolio with value: ${workflow.value}`,
      }),
    )
  }
  if (workflow.floor && portfolio.cap && workflow.floor.usd > portfolio.cap.usd) {
    problems.push(
      report(path, {
        wrong: `${name} needs at least $${usdDecimal(workflow.floor.usd)}, and the portfolio’s cap is $${usdDecimal(portfolio.cap.usd)}`,
        expected: 'a cap above the floor',
        example: `cap: { usd: ${usdDecimal(workflow.cap.usd)} }`,
      }),
    )
  }
  if (!portfolio.cap && workflow.cap.usd > portfolio.budget.usd) {
    problems.push(
      report(
        path,
        {
          wrong: `one run of ${name} may cost $${usdDecimal(workflow.cap.usd)}, which is more than the whole budget`,
          expected: 'a budget for several runs, or a lower cap',
          example: `cap: { usd: ${usdDecimal(portfolio.budget.usd / 10n)} }`,
        },
        'warning',
      ),
    )
  }
  const confirm = portfolio['confirm-over']
  const most = mulDivCeil(
    minBigint(workflow.cap.usd, portfolio.cap?.usd ?? workflow.cap.usd),
    BigInt(Math.max(portfolio.overrides.cap ?? 1000, 1000)),
    1000n,
  )
  if (confirm && portfolio.workflows.length === 1 && confirm.usd >= most) {
    problems.push(
      report(
        [...path.slice(0, 2), 'confirm-over'],
        {
          wrong: `no run can cost more than $${usdDecimal(most)}, so nothing is ever asked`,
          expected: 'an amount below the cap',
          example: `confirm-over: { usd: ${usdDecimal(most / 2n)} }`,
        },
        'warning',
      ),
    )
  }
  return problems
}

function amountProblems({ cap, budget }: Portfolio, path: Path, report: Report): Problem[] {
  if (!cap || cap.usd <= budget.usd) return []
  return [
    report([...path, 'cap', 'usd'], {
      wrong: `one session may cost more than the budget of $${usdDecimal(budget.usd)}`,
      expected: 'a cap below the budget',
      example: `cap: { usd: ${usdDecimal(budget.usd / 10n)} }`,
    }),
  ]
}

function twiceProblems(value: PortfoliosFile, report: Report): Problem[] {
  const payers = new Map<string, string>()
  const problems: Problem[] = []
  for (const { kind, key, name, workflows } of payersOf(value)) {
    workflows.forEach((workflow, index) => {
      const payer = payers.get(workflow)
      if (payer === undefined) payers.set(workflow, `the ${kind} ${name}`)
      else
        problems.push(
          report([key, name, 'workflows', index], {
            wrong: `${workflow} stands in ${payer} already`,
            expected: 'each workflow in one portfolio or one experiment',
            example: `${workflow} in ${payer} alone`,
          }),
        )
    })
  }
  return problems
}

function payersOf({ portfolios, experiments }: PortfoliosFile) {
  return [
    ...Object.entries(portfolios).map(([name, { workflows }]) => {
      return { kind: 'portfolio', key: 'portfolios', name, workflows }
    }),
    ...Object.entries(experiments).map(([name, { workflows }]) => {
      return { kind: 'experiment', key: 'experiments', name, workflows }
    }),
  ]
}

/**
 * A workflow of a lower layer in no portfolio is simply not offered, so that an organisation may add one without breaking
 * who inherits it, and its own repository likewise; one that somebody wrote here was meant to be, by itself or as a step of another, which then pays for it.
 */
function unpaidProblems({ declared, isShared, portfolios: { value } }: Settings, catalog: Catalog): Problem[] {
  if (!declared || isShared) return []
  const paid = new Set([...payersOf(value).flatMap(({ workflows }) => workflows), ...nestedNames(catalog.workflows)])
  return catalog.workflows
    .filter(({ family, variant, layer }) => variant === undefined && layer === 'repository' && !paid.has(family))
    .map(({ family, source }) =>
      problemAt([source], ['name'], {
        wrong: `${family} is in no portfolio, so nothing pays for it`,
        expected: 'it under `workflows` of one portfolio',
        example: `workflows: [${family}]`,
      }),
    )
}

function squadProblems(
  { variant, squad, source }: LocatedWorkflow,
  { declared, portfolios: { value } }: Settings,
): Problem[] {
  const squads = Object.keys(value.exploration?.squads ?? {})
  if (!declared || variant === undefined || squad === undefined || squads.includes(squad)) return []
  const finding = {
    wrong: `there is no squad ${squad}, so nobody gets the credit`,
    expected: squads.length > 0 ? `one of ${squads.join(', ')}` : 'a squad under `exploration`',
    example: `squad: ${nearest(squad, squads) ?? squads[0] ?? 'payments'}`,
  }
  return [problemAt([source], ['squad'], finding, 'warning')]
}
