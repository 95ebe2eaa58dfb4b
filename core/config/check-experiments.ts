/** What must hold between an experiment and the workflows that it pays for; of its end and paths, see `check-terms.ts`. */
import { usdDecimal } from '../money/money.ts'
import { nearest } from '../nearest.ts'
import type { Catalog, LocatedWorkflow } from './catalog.ts'
import type { Path } from './document.ts'
import type { Experiment, PortfoliosFile } from './portfolios.ts'
import type { Finding, Problem } from './problem.ts'

type Report = (path: Path, finding: Finding, severity?: Problem['severity']) => Problem

export function experimentProblems(
  name: string,
  { workflows, budget }: Experiment,
  { portfolios }: PortfoliosFile,
  catalog: Catalog,
  report: Report,
): Problem[] {
  const path = ['experiments', name]
  const problems: Problem[] = []
  // Runs, quotes and reports name who pays without its kind.
  if (Object.hasOwn(portfolios, name)) {
    problems.push(
      report(path, {
        wrong: `the experiment is named after the portfolio ${name}`,
        expected: 'a name of its own',
        example: `${name}-experiment`,
      }),
    )
  }
  if (workflows.length === 0) {
    const finding = {
      wrong: 'the experiment has no workflows, so nothing can run under it',
      expected: 'at least one that is in no portfolio',
      example: 'workflows: [split-module]',
    }
    problems.push(report(path, finding, 'warning'))
  }
  workflows.forEach((workflow, index) => {
    problems.push(...memberProblems(workflow, [...path, 'workflows', index], budget.usd, catalog, report))
  })
  return problems
}

function memberProblems(name: string, path: Path, budgetMicroUsd: bigint, catalog: Catalog, report: Report): Problem[] {
  if (catalog.unreadable.workflows.has(name)) return []
  const baseline = baselineOf(name, catalog)
  if (!baseline) return [report(path, unknownWorkflow(name, catalog))]
  const { cap } = baseline.workflow
  if (cap.usd <= budgetMicroUsd) return []
  const finding = {
    wrong: `one run of ${name} may cost $${usdDecimal(cap.usd)}, which is more than the whole budget`,
    expected: 'a budget for several runs, or a lower cap in the workflow',
    example: `budget: { usd: ${usdDecimal(cap.usd * 10n)} }`,
  }
  return [report(path, finding, 'warning')]
}

export function baselineOf(name: string, { workflows }: Catalog): LocatedWorkflow | undefined {
  return workflows.find((one) => one.family === name && one.variant === undefined)
}

export function unknownWorkflow(name: string, { families }: Catalog): Finding {
  const known = [...families.keys()]
  return {
    wrong: `there is no workflow ${name}`,
    expected: `one of ${known.join(', ')}, or catalog/${name}/workflow.yml`,
    example: nearest(name, known) ?? known[0] ?? name,
  }
}
