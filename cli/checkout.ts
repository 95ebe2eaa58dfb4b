/** What the working tree that a command looks at declares. */
import { lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readBuiltInLayer, readKeptPrices } from '../catalog/built-in.ts'
import type { Configuration, Layer } from '../core/config/configuration.ts'
import { type Loaded, loadConfiguration } from '../core/config/load.ts'
import { formatProblem, type Problem } from '../core/config/problem.ts'
import { PORTFOLIOS } from '../core/config/settings.ts'
import type { PriceList } from '../core/money/prices.ts'
import { nearest } from '../core/nearest.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { LAYER_FOLDER, readFolderLayer, repositoryRoot } from './layers.ts'

export interface Checkout {
  readonly root: string
  /** What it is loaded from, the lowest first; the repository's is the last. */
  readonly layers: readonly Layer[]
  readonly loaded: Loaded
  /** Whether it has a `portfolios.yml`; if not, why there is no budget to run under. */
  readonly declared: boolean
  readonly undeclared: Refusal
  readonly keptPrices: PriceList
}

const PROBLEMS_SHOWN_MAX = 5

/** `organisation`: the root of a checkout of the organisation's `.github` repository, where one is inherited. */
export function readCheckout(dir: string, organisation?: string): Checkout | Refusal {
  for (const folder of [dir, organisation]) {
    if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      return refuse('no-configuration', `There is no folder ${folder}.`, 'Name the folder of a repository.')
    }
  }
  const root = repositoryRoot(dir)
  const repository = readFolderLayer(root, 'repository')
  if (isRefusal(repository)) return repository
  const above = organisation === undefined ? [] : [readFolderLayer(organisation, 'organisation')]
  const refusal = above.find(isRefusal)
  if (refusal) return refusal
  const layers = [readBuiltInLayer(), ...above.filter((layer): layer is Layer => !isRefusal(layer)), repository]
  const keptPrices = readKeptPrices()
  return {
    root,
    layers,
    loaded: loadLayers(layers, keptPrices),
    declared: repository.files.has(PORTFOLIOS),
    undeclared: undeclared(root, [...repository.files.keys()]),
    keptPrices,
  }
}

/** What layers declare as of today. */
export function loadLayers(layers: readonly Layer[], keptPrices: PriceList): Loaded {
  return loadConfiguration(layers, new Date().toISOString().slice(0, 10), keptPrices.keys())
}

/** The configuration alone, where a command can do nothing without a valid one. */
export function declaredConfiguration({ loaded, declared, undeclared }: Checkout): Configuration | Refusal {
  if (!declared) return undeclared
  if ('configuration' in loaded) return loaded.configuration
  const shown = errorLines(loaded.problems)
  return refuse('configuration-invalid', ['What this repository declares has problems:', ...shown].join('\n'))
}

/** The first errors, a line each. */
export function errorLines(problems: readonly Problem[]): string[] {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const shown = errors.slice(0, PROBLEMS_SHOWN_MAX).map(formatProblem)
  return errors.length > shown.length ? [...shown, `and ${errors.length - shown.length} more`] : shown
}

/** Often something stands where the file should be. */
function undeclared(root: string, paths: readonly string[]): Refusal {
  const file = `${LAYER_FOLDER}/${PORTFOLIOS}`
  const stat = lstatSync(join(root, file), { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isFile()) {
    const kind = stat.isSymbolicLink() ? 'a link, which is not followed' : 'no plain file'
    return refuse(
      'configuration-invalid',
      `${file} is ${stat.isDirectory() ? 'a folder' : kind}.`,
      'Make it a plain file.',
    )
  }
  const message = `${root} declares no portfolios, so there is no budget to run under.`
  const near = paths.find((path) => !path.includes('/') && nearest(path, [PORTFOLIOS]) !== undefined)
  if (near !== undefined) {
    return refuse('no-configuration', message, `Did you mean ${PORTFOLIOS}? Rename ${LAYER_FOLDER}/${near} to it.`)
  }
  const todo = `Run \`purser init ${root}\`, look at what it writes, and commit it to the default branch.`
  return refuse('no-configuration', message, todo)
}
