/** Layers made of texts, for tests of what they declare. */
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import type { Configuration, Layer, LayerName } from '../../../core/config/configuration.ts'
import { loadConfiguration } from '../../../core/config/load.ts'
import { formatProblem } from '../../../core/config/problem.ts'

export const TODAY = '2026-11-20'

export function layer(name: LayerName, files: Readonly<Record<string, string>>): Layer {
  const roots = { 'built-in': 'purser', organisation: 'org: .github/purser', repository: '.github/purser' }
  return { name, root: roots[name], files: new Map(Object.entries(files)) }
}

/** A small repository layer that is right; tests change one thing of it. */
export const PORTFOLIOS = `version: 1
values:
  quality: { measure: rework-and-reverts }
portfolios:
  refactoring:
    purpose: Safer, faster refactors
    value: quality
    workflows: [refactor+tests, review]
    budget: { usd: 40, per: month }
    cap: { usd: 2.50 }
    overrides: { cap: 2x, models: [gpt-5.2, gpt-5-mini] }
`

export const TIDY = `name: tidy
summary: Tidy what is touched
value: quality
inputs:
  goal: { type: string, default: Tidy up }
steps:
  - { id: look, run: npm test, on-failure: continue }
  - { id: work, agent: engineer, prompt: work.md }
deliver: commit
cap: { usd: 1 }
guards:
  paths: { deny: ['**/*.lock'] }
  diff: { files: 5, lines: 100 }
  run: [npm test]
`

/** A repository with a workflow of its own, `tidy`. */
export function tidyFiles(overrides: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const files = {
    'portfolios.yml': PORTFOLIOS.replace('review]', 'review, tidy]'),
    'catalog/tidy/workflow.yml': TIDY,
    'catalog/tidy/work.md': 'Do ${{ inputs.goal }} after ${{ steps.look.output }}\n',
    ...overrides,
  }
  return Object.fromEntries(Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])))
}

export function load(...above: readonly Layer[]): ReturnType<typeof loadConfiguration> {
  return loadConfiguration([BUILT_IN, ...above], TODAY, PRICED)
}

const BUILT_IN = readBuiltInLayer()
const PRICED = ['gpt-5.2', 'gpt-5-mini']

/** The problems of a repository's files, as a person reads them; warnings included. */
export function problemsOf(files: Readonly<Record<string, string>>): string[] {
  const loaded = load(layer('repository', files))
  return ('problems' in loaded ? loaded.problems : loaded.configuration.warnings).map(formatProblem)
}

export function configurationOf(...above: readonly Layer[]): Configuration {
  const loaded = load(...above)
  if ('configuration' in loaded) return loaded.configuration
  throw new Error(loaded.problems.map(formatProblem).join('\n'))
}
