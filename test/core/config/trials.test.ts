/** Shares that a portfolio assigns to variants: what is said of those that can't be. */
import { expect, it } from 'vitest'
import { PORTFOLIOS, problemsOf, tidyFiles } from './layers.ts'

const FILE = '.github/purser/portfolios.yml'
const VARIANT = 'summary: More at once\ncap: { usd: 2 }\n'
const EXPLORATION = (usd: number) =>
  `exploration:\n  sprint: { days: 14, from: 2026-11-02 }\n  every-squad: { usd: ${usd} }\n  squads:\n    web: { paths: ['web/**'] }\n`

function files(trials: string, more = '', variant = 'bold'): Record<string, string> {
  return tidyFiles({
    'portfolios.yml': `${PORTFOLIOS.replace('review]', 'review, tidy]')}${trials === '' ? '' : `    trials: ${trials}\n`}${more}`,
    [`catalog/tidy/variants/${variant}.yml`]: VARIANT,
    'catalog/tidy/variants/plain.yml': VARIANT,
  })
}

it.each([
  ['shares up to all', files('{ tidy/bold: 20%, tidy/plain: 80% }'), []],
  ['shares above all', files('{ tidy/bold: 20%, tidy/plain: 80.01% }'), ['the shares of tidy add up to 100.01%']],
  ['no share', files('{ tidy/bold: 0% }'), ['a share of nothing']],
  ['no such variant', files('{ tidy/bald: 20% }'), ['tidy has no variant bald', 'tidy/bold: 20%']],
  ['another portfolio’s workflow', files('{ fix-ci/bold: 20% }'), ['fix-ci is not a workflow of this portfolio']],
  ['a workflow alone', files('{ tidy: 20% }'), ['expected <workflow>/<variant>']],
  ['the reserved name', files('', '', 'baseline'), ['a variant is named baseline']],
  [
    // 60 days are 4.28 sprints: four dollars in each are 17.14, at two dollars a run.
    'a floor out of reach',
    files('{ tidy/plain: 20% }', EXPLORATION(4)),
    ['tidy/bold at its cap of $2.00: At this cost the floor of a squad’s sprints pays for 8 runs'],
  ],
  ['a floor that is enough', files('', EXPLORATION(5)), []],
])('%s', (_, declared, said) => {
  // The built-in variant has a trial of its own, which these floors don't reach either.
  const problems = problemsOf(declared).filter((problem) => !problem.includes('warning: refactor+tests/'))
  if (said.length === 0) expect(problems).toEqual([])
  else expect(problems).toHaveLength(1)
  for (const words of said) expect(problems[0]).toContain(words)
  if (said.length > 0) expect(problems[0]).toMatch(new RegExp(`^(${FILE}|\\.github/purser/catalog)`))
})
