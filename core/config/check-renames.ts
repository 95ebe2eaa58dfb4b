/** What must hold of names that were others before: each `was` names something that is gone, and only once. */
import type { Path } from './document.ts'
import { problemAt } from './explain.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './settings.ts'

interface Renamed {
  readonly was?: readonly string[] | undefined
}

export function checkRenames({ portfolios: { value, sources } }: Settings): readonly Problem[] {
  const groups: readonly [what: string, path: Path, entries: Readonly<Record<string, Renamed>>][] = [
    ['portfolio', ['portfolios'], value.portfolios],
    ['squad', ['exploration', 'squads'], value.exploration?.squads ?? {}],
    ['experiment', ['experiments'], value.experiments],
  ]
  return groups.flatMap(([what, path, entries]) => {
    const taken = new Map<string, string>()
    return Object.entries(entries).flatMap(([name, { was = [] }]) =>
      was.flatMap((before) => {
        const other = taken.get(before)
        taken.set(before, name)
        const isThere = Object.hasOwn(entries, before)
        if (!isThere && other === undefined) return []
        const finding = {
          wrong: isThere ? `the ${what} ${before} still exists` : `${other} was ${before} before, too`,
          expected: `the name that this ${what} alone had before`,
          example: `was: ${name}-before`,
        }
        return [problemAt(sources, [...path, name, 'was'], finding, 'error')]
      }),
    )
  })
}
