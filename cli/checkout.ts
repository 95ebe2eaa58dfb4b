/** What the working tree that a command looks at declares. */
import { statSync } from 'node:fs'
import { readBuiltInLayer, readKeptPrices } from '../catalog/built-in.ts'
import type { Configuration, Layer } from '../core/config/configuration.ts'
import { type Loaded, loadConfiguration } from '../core/config/load.ts'
import { formatProblem } from '../core/config/problem.ts'
import type { Price } from '../core/price.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { readFolderLayer, repositoryRoot } from './layers.ts'

export interface Checkout {
  readonly root: string
  readonly loaded: Loaded
  /** Whether it has a `portfolios.yml`. */
  readonly declared: boolean
  readonly keptPrices: ReadonlyMap<string, Price>
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
  const today = new Date().toISOString().slice(0, 10)
  return {
    root,
    loaded: loadConfiguration(layers, today, keptPrices.keys()),
    declared: repository.files.has('portfolios.yml'),
    keptPrices,
  }
}

/** The configuration alone, where a command can do nothing without a valid one. */
export function declaredConfiguration({ root, loaded, declared }: Checkout): Configuration | Refusal {
  if (!declared) {
    const todo = `Run \`purser init ${root}\`, look at what it writes, and commit it to the default branch.`
    return refuse('no-configuration', `${root} declares no portfolios, so there is no budget to run under.`, todo)
  }
  if ('configuration' in loaded) return loaded.configuration
  const errors = loaded.problems.filter(({ severity }) => severity === 'error')
  const shown = errors.slice(0, PROBLEMS_SHOWN_MAX).map(formatProblem)
  const more = errors.length > shown.length ? [`and ${errors.length - shown.length} more`] : []
  return refuse('configuration-invalid', ['What this repository declares has problems:', ...shown, ...more].join('\n'))
}
