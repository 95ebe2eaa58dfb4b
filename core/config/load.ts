import { type Catalog, readCatalog } from './catalog.ts'
import { checkAgent } from './check-agent.ts'
import { checkModels } from './check-models.ts'
import { checkAcceptable, checkOutcomes } from './check-outcomes.ts'
import { checkPortfolios } from './check-portfolios.ts'
import { checkRenames } from './check-renames.ts'
import { checkTerms } from './check-terms.ts'
import { checkTrials } from './check-trials.ts'
import { checkWorkflow } from './check-workflow.ts'
import type { Configuration, Layer } from './configuration.ts'
import { readYaml } from './document.ts'
import { problemAt } from './explain.ts'
import { type Problem, sortProblems } from './problem.ts'
import { inheritsOrganisation, PORTFOLIOS, readSettings, type Settings } from './settings.ts'

export type Loaded =
  | { readonly configuration: Configuration }
  | {
      readonly problems: readonly Problem[]
      /** What the files say together could not be checked, since `portfolios.yml` or `promotion.yml` can't be read. */
      readonly isPartial: boolean
    }

/**
 * Reads the layers, lowest first, into one configuration, or names every problem at once. `today` (`2026-11-20`)
 * judges what has an end: extras and experiments. With `pricedModels`, the models of the kept price list, models
 * without a price are problems too. The organisation's layer counts only where the repository inherits it.
 */
export function loadConfiguration(layers: readonly Layer[], today: string, pricedModels?: Iterable<string>): Loaded {
  const { used, missingBelow } = layersInUse(layers)
  const { settings, problems: unreadable } = readSettings(used.filter(({ name }) => name !== 'built-in'))
  const catalog = readCatalog(used)
  const problems = sortProblems([
    ...(missingBelow ? [organisationMissing(missingBelow)] : []),
    ...unreadable,
    ...catalog.problems,
    ...catalog.workflows.flatMap((workflow) => checkWorkflow(workflow, catalog)),
    ...[...catalog.agents.values()].flatMap((agent) => checkAgent(agent, catalog)),
    ...(settings ? crossProblems(settings, catalog, today, pricedModels) : []),
  ])
  if (!settings) return { problems, isPartial: true }
  if (problems.some(({ severity }) => severity === 'error')) return { problems, isPartial: false }
  return {
    configuration: {
      declared: settings.declared,
      portfolios: settings.portfolios.value,
      promotion: settings.promotion.value,
      families: catalog.families,
      agents: new Map([...catalog.agents].map(([name, { agent }]) => [name, agent])),
      skills: catalog.skills,
      warnings: problems,
    },
  }
}

function crossProblems(
  settings: Settings,
  catalog: Catalog,
  today: string,
  pricedModels?: Iterable<string>,
): Problem[] {
  const paid = new Set(Object.values(settings.portfolios.value.portfolios).flatMap(({ workflows }) => workflows))
  const tried = new Set(catalog.workflows.flatMap(({ family, variant }) => (variant === undefined ? [] : [family])))
  const onTrial = catalog.workflows.filter(
    ({ family, variant }) => variant === undefined && paid.has(family) && tried.has(family),
  )
  return [
    ...checkPortfolios(settings, catalog),
    ...checkRenames(settings),
    ...checkTerms(settings, today),
    ...checkTrials(settings, catalog),
    ...checkOutcomes(settings),
    ...onTrial.flatMap((baseline) => checkAcceptable(baseline, settings)),
    ...(pricedModels ? checkModels(settings, catalog, new Set(pricedModels)) : []),
  ]
}

interface LayersInUse {
  readonly used: readonly Layer[]
  /** Inherits the organisation's layer, which was not given. */
  readonly missingBelow?: Layer
}

function layersInUse(layers: readonly Layer[]): LayersInUse {
  const repository = layers.find(({ name }) => name === 'repository')
  if (!repository) return { used: layers }
  if (!inheritsOrganisation(repository)) return { used: layers.filter(({ name }) => name !== 'organisation') }
  const isThere = layers.some(({ name }) => name === 'organisation')
  return { used: layers, ...(isThere ? {} : { missingBelow: repository }) }
}

/** A layer that is inherited and can't be read is a problem, never an empty layer. */
function organisationMissing(repository: Layer): Problem {
  const source = readYaml(`${repository.root}/${PORTFOLIOS}`, repository.files.get(PORTFOLIOS) ?? '')
  return problemAt('problems' in source ? [] : [source], ['inherit'], {
    wrong: 'the organisation’s layer is not here',
    expected: 'the folder .github/purser of its .github repository beside this one',
    example: 'purser check --organisation ../.github',
  })
}
