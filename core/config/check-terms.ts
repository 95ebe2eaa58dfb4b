/** What squads and experiments may touch, and what of theirs has come to its end. */

import type { Path } from './document.ts'
import { problemAt } from './explain.ts'
import { globFindings } from './globs.ts'
import { mayOverlap } from './overlap.ts'
import type { Exploration } from './portfolios.ts'
import type { Finding, Problem } from './problem.ts'
import type { Settings } from './settings.ts'

type Report = (path: Path, finding: Finding, severity?: Problem['severity']) => Problem

/** `today` is a day such as `2026-11-20`. */
export function checkTerms(settings: Settings, today: string): readonly Problem[] {
  const report: Report = (path, finding, severity = 'error') =>
    problemAt(settings.portfolios.sources, path, finding, severity)
  return [...squadProblems(settings, today, report), ...experimentProblems(settings, today, report)]
}

function squadProblems({ portfolios: { value } }: Settings, today: string, report: Report): Problem[] {
  const { exploration } = value
  if (exploration === undefined) return []
  const squads = Object.entries(exploration.squads)
  return squads.flatMap(([squad, { paths, extra }], index) => {
    const path = ['exploration', 'squads', squad]
    return [
      ...globFindings(paths, [...path, 'paths']).map(({ path: at, finding }) => report(at, finding)),
      ...extra.flatMap((grant, at) => extraProblems(grant, exploration, [...path, 'extra', at], today, report)),
      ...overlapProblems(paths, squads.slice(0, index), [...path, 'paths'], report),
    ]
  })
}

type Extra = Exploration['squads'][string]['extra'][number]

function extraProblems(grant: Extra, exploration: Exploration, path: Path, today: string, report: Report): Problem[] {
  const unit = 'usd' in exploration['every-squad'] ? 'usd' : 'tokens'
  const problems: Problem[] = []
  if (!(unit in grant)) {
    problems.push(
      report(path, {
        wrong: `every squad’s floor is in ${unit}, and an extra in another unit would add nothing to it`,
        expected: `an extra in ${unit}`,
        example: unit === 'usd' ? '{ usd: 20, ... }' : '{ tokens: 1_000_000, ... }',
      }),
    )
  }
  if (grant.until < today) {
    problems.push(
      report(
        [...path, 'until'],
        {
          wrong: `ended on ${grant.until}`,
          expected: 'an end that is still to come, or the entry taken out',
          example: laterThan(today),
        },
        'warning',
      ),
    )
  }
  return problems
}

/** Said once for each pattern, with the first squad above that it meets: that one pays for what both match. */
function overlapProblems(
  paths: readonly string[],
  above: readonly (readonly [string, Exploration['squads'][string]])[],
  path: Path,
  report: Report,
): Problem[] {
  return paths.flatMap((pattern, index) => {
    const [owner] = above.find(([, { paths: theirs }]) => theirs.some((one) => mayOverlap(one, pattern))) ?? []
    if (owner === undefined) return []
    const finding = {
      wrong: `"${pattern}" meets paths of ${owner}, which is declared first and so owns what both match`,
      expected: 'each path with one squad',
      example: 'a narrower pattern',
    }
    return [report([...path, index], finding, 'warning')]
  })
}

function experimentProblems({ portfolios: { value } }: Settings, today: string, report: Report): Problem[] {
  return Object.entries(value.experiments).flatMap(([name, { scope, ends, extended }]) => {
    const path = ['experiments', name]
    const problems = globFindings(scope.paths, [...path, 'scope', 'paths']).map(({ path: at, finding }) =>
      report(at, finding),
    )
    if (extended && extended.until <= ends) {
      problems.push(
        report([...path, 'extended', 'until'], {
          wrong: `the extension ends on ${extended.until}, before the experiment does`,
          expected: `a day after ${ends}`,
          example: laterThan(ends),
        }),
      )
    } else if ((extended?.until ?? ends) < today) {
      const [at, day] = extended ? [[...path, 'extended', 'until'], extended.until] : [[...path, 'ends'], ends]
      problems.push(
        report(
          at,
          {
            wrong: `the experiment ended on ${day}`,
            expected: extended
              ? 'it taken out; one extension is all it has'
              : 'it taken out, or its one extension with a reason',
            example: extended
              ? 'experiments: {}'
              : `extended: { until: ${laterThan(today)}, reason: The last module is left }`,
          },
          'warning',
        ),
      )
    }
    return problems
  })
}

function laterThan(day: string): string {
  return `${Number(day.slice(0, 4)) + 1}${day.slice(4)}`.replace('02-29', '02-28')
}
