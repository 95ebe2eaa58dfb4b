/** Which squad owns what a subject changes, and so pays from its sprint for trying a variant there. */

import { matchesAny } from '../changes/guard.ts'
import type { Exploration } from '../config/portfolios.ts'

type Squads = Exploration['squads']

/** A file in the paths of several squads belongs to the one that is declared first; in nobody's, to none. */
export function ownerOf(squads: Squads, path: string): string | undefined {
  return Object.entries(squads).find(([, squad]) => matchesAny(squad.paths, path))?.[0]
}

/**
 * The squad that owns most of the changed files, the first declared among equals. Files that nobody owns count together
 * against the squads: where they are the most, no squad pays, so that nobody's protected budget goes into what is hardly
 * theirs.
 */
export function payingSquad(squads: Squads, changedPaths: readonly string[]): string | undefined {
  const owners = changedPaths.map((path) => ownerOf(squads, path))
  const filesOf = (owner: string | undefined) => owners.filter((one) => one === owner).length
  const most = Object.keys(squads).reduce<string | undefined>(
    (best, squad) => (best === undefined || filesOf(squad) > filesOf(best) ? squad : best),
    undefined,
  )
  if (most === undefined || filesOf(most) === 0) return undefined
  return filesOf(most) >= filesOf(undefined) ? most : undefined
}
