/**
 * Names that an account had since its period began and that its `was` omits: the ledger may know the account by one of those
 * alone, and would open another beside it with the whole budget. The ledger can't tell; the file's history can.
 */

import { isMapping } from '../mapping.ts'
import { periodOf, sprintOf } from '../money/calendar.ts'
import type { Path, Source } from './document.ts'
import { problemAt } from './explain.ts'
import type { PortfoliosFile } from './portfolios.ts'
import type { Problem } from './problem.ts'

/** What the file said from a moment on, read or not as the rules of today would have it. */
export interface EarlierVersion {
  readonly since: Date
  readonly value: unknown
}

interface Group {
  readonly path: Path
  /** When the account that runs now can have been opened first. */
  start(name: string): Date | undefined
}

/** `source`: the file as it is now, which `file` was read from. `earlier`: the newest first. */
export function omittedNames(
  source: Source,
  file: Pick<PortfoliosFile, 'portfolios' | 'exploration' | 'time-zone'>,
  earlier: readonly EarlierVersion[],
  now: Date,
): readonly Problem[] {
  const { portfolios, exploration, 'time-zone': timeZone } = file
  const groups: readonly Group[] = [
    {
      path: ['portfolios'],
      start: (name) => portfolios[name] && periodOf(portfolios[name].budget.per, now, timeZone).start,
    },
    { path: ['exploration', 'squads'], start: () => exploration && sprintOf(exploration.sprint, now, timeZone).start },
    // One account for all its days.
    { path: ['experiments'], start: () => new Date(0) },
  ]
  return groups.flatMap(({ path, start }) => {
    const declared = namesAt(source.value, path)
    return [...declared].flatMap(([name, was]) => {
      const from = was.length === 0 ? undefined : start(name)
      if (from === undefined) return []
      const versions = inForce(earlier, from).map(({ value }) => namesAt(value, path))
      const omitted = omittedOf(name, declared, versions)
      if (omitted.length === 0) return []
      const finding = {
        wrong: `omits ${omitted.join(' and ')}, which it was called since its period began`,
        expected: 'every name that it had in this period, or it may get a second budget',
        example: `was: [${newestFirst([...was, ...omitted], versions).join(', ')}]`,
      }
      return [problemAt([source], [...path, name, 'was'], finding, 'warning')]
    })
  })
}

/** Whether anything was renamed at all: else no history needs to be read. */
export function hasRenamed({ portfolios, exploration, experiments }: PortfoliosFile): boolean {
  const entries = [portfolios, exploration?.squads ?? {}, experiments].flatMap((group) => Object.values(group))
  return entries.some(({ was }) => was !== undefined)
}

/** Entry -> the names that it says it had. */
type Names = ReadonlyMap<string, readonly string[]>

/** Whatever else is wrong with the file. */
function namesAt(value: unknown, path: Path): Names {
  const group = path.reduce<unknown>((inner, key) => (isMapping(inner) ? inner[key] : undefined), value)
  if (!isMapping(group)) return new Map()
  return new Map(
    Object.entries(group).map(([name, entry]) => {
      const was = isMapping(entry) ? entry.was : undefined
      return [name, (Array.isArray(was) ? was : [was]).filter((one) => typeof one === 'string')]
    }),
  )
}

/** Newest first: those since `from`, and the one that stood then. */
function inForce(earlier: readonly EarlierVersion[], from: Date): readonly EarlierVersion[] {
  const stood = earlier.findIndex(({ since }) => since <= from)
  return stood === -1 ? earlier : earlier.slice(0, stood + 1)
}

/** What is of the same descent by any version, and was declared by one; but what is declared beside it now is something else. */
function omittedOf(name: string, declared: Names, versions: readonly Names[]): readonly string[] {
  const own = new Set([name, ...(declared.get(name) ?? [])])
  const others = new Set([...declared].flatMap(([other, was]) => (other === name ? [] : [other, ...was])))
  const descent = new Set(own)
  for (let size = 0; size !== descent.size; ) {
    size = descent.size
    for (const [entry, was] of versions.flatMap((version) => [...version])) {
      if (others.has(entry) || ![entry, ...was].some((one) => descent.has(one))) continue
      for (const one of [entry, ...was]) if (!others.has(one)) descent.add(one)
    }
  }
  return [...descent].filter((one) => !own.has(one) && versions.some((version) => version.has(one)))
}

function newestFirst(names: readonly string[], versions: readonly Names[]): readonly string[] {
  const age = (name: string) => {
    const newest = versions.findIndex((version) => version.has(name))
    return newest === -1 ? versions.length : newest
  }
  return names.toSorted((one, other) => age(one) - age(other))
}
