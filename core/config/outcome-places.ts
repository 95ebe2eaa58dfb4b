/** Where a repository's own outcome rules stand, for whoever wants to read them. */
import type { Layer } from './configuration.ts'
import { readYaml } from './document.ts'
import { PORTFOLIOS } from './settings.ts'

/** `.github/purser/portfolios.yml:41` for each rule, in their order: of the highest layer that declares any, as lists are replaced. */
export function outcomePlaces(layers: readonly Layer[], count: number): readonly string[] {
  for (const { root, files } of layers.toReversed()) {
    const text = files.get(PORTFOLIOS)
    const source = text === undefined ? undefined : readYaml(`${root}/${PORTFOLIOS}`, text)
    if (!source || 'problems' in source || !source.has(['outcomes'])) continue
    return Array.from({ length: count }, (_, index) => `${source.file}:${source.locate(['outcomes', index]).line}`)
  }
  return []
}
