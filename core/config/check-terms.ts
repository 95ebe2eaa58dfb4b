/** What squads and experiments may touch, and what of theirs has come to its end. */

import type { Path } from './document.ts'
import { problemAt } from './explain.ts'
import { globFindings } from './globs.ts'
import type { Finding, Problem } from './problem.ts'
import type { Settings } from './settings.ts'

type Report = (path: Path, finding: Finding, severity?: Problem['severity']) => Problem

/** `today` is a day such as `2026-11-20`. */
export function checkTerms(settings: Settings, today: string): readonly Problem[] {
  const report: Report = (path, finding, severity = 'error') =>
    problemAt(settings.portfolios.sources, path, finding, severity)
  return [...extraProblems(settings, today, report), ...experimentProblems(settings, today, report)]
}

function extraProblems({ portfolios: { value } }: Settings, today: string, report: Report): Problem[] {
  return Object.entries(value.exploration?.squads ?? {}).flatMap(([squad, { paths, extra }]) => {
    const path = ['exploration', 'squads', squad]
    const past = extra.flatMap(({ until }, index) =>
      until < today
        ? [
            report(
              [...path, 'extra', index, 'until'],
              {
                wrong: `ended on ${until}`,
                expected: 'an end that is still to come, or the entry taken out',
                example: laterThan(today),
              },
              'warning',
            ),
          ]
        : [],
    )
    return [...globFindings(paths, [...path, 'paths']).map(({ path: at, finding }) => report(at, finding)), ...past]
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
