/** Names that an account had within its period and that its `was` omits, out of the history of the file. */
import { expect, test } from 'vitest'
import { readYaml } from '../../../core/config/document.ts'
import { omittedNames } from '../../../core/config/omitted-names.ts'
import { readSettings } from '../../../core/config/settings.ts'

const NOW = new Date('2026-11-20T12:00:00Z')

/** `refactoring was [tidying, cleanup]; review`: portfolios with the names that they say they had. */
function fileOf(portfolios: string, per = 'month'): string {
  const entries = portfolios.split('; ').map((entry, index) => {
    const [name, was] = entry.split(' was ')
    const renamed = was === undefined ? '' : `, was: ${was}`
    const workflow = ['review', 'changelog'][index]
    return `  ${name}: { purpose: Work, value: quality, workflows: [${workflow}], budget: { usd: 9, per: ${per} }${renamed} }\n`
  })
  return `version: 1\nvalues: { quality: { measure: rework-and-reverts } }\nportfolios:\n${entries.join('')}`
}

function sourceOf(text: string) {
  const source = readYaml('portfolios.yml', text)
  if ('problems' in source) throw new Error(JSON.stringify(source.problems))
  return source
}

test.each([
  ['nothing was renamed twice', 'tidying was cleanup', ['cleanup'], []],
  ['both names are there', 'refactoring was [tidying, cleanup]', ['tidying was cleanup', 'cleanup'], []],
  [
    'the first name is left out',
    'refactoring was tidying',
    ['tidying was cleanup', 'cleanup'],
    ['cleanup', 'tidying, cleanup'],
  ],
  [
    'the middle name is left out',
    'refactoring was cleanup',
    ['tidying was cleanup', 'cleanup'],
    ['tidying', 'tidying, cleanup'],
  ],
  ['two in the middle', 'd was a', ['c was [b, a]', 'b was a', 'a'], ['c and b', 'c, b, a']],
  ['a name that never stood on this branch', 'refactoring was tidying', ['tidying was [tidier, cleanup]'], []],
  ['the name is another’s now', 'refactoring was tidying; cleanup', ['tidying was cleanup', 'cleanup'], []],
  ['the name is kept by another', 'refactoring was tidying; b was cleanup', ['tidying was cleanup', 'cleanup'], []],
])('%s', (_, now, earlier, [omitted, all]) => {
  expect(
    problems(
      now,
      earlier.map((text) => ['2026-11-10', text]),
    ),
  ).toEqual(
    omitted === undefined
      ? []
      : [
          expect.stringMatching(
            new RegExp(`^4:\\d+ portfolios.\\w+.was omits ${omitted}, which it was called .* was: \\[${all}\\]$`),
          ),
        ],
  )
})

test('what was its name before the period began alone opened no account of it', () => {
  const earlier: [string, string][] = [
    ['2026-11-02', 'tidying was cleanup'],
    ['2026-10-20', 'cleanup'],
  ]
  expect(problems('refactoring was tidying', earlier), 'it stood when the month began').toHaveLength(1)
  expect(problems('refactoring was tidying', earlier, 'week')).toEqual([])
  expect(problems('refactoring was tidying', [['2026-10-31', 'tidying was cleanup'], ...earlier.slice(1)])).toEqual([])
})

test('versions that the rules of today would refuse are read for their names', () => {
  const value = { portfolios: { tidying: { was: ['cleanup', 7] }, cleanup: 'odd' }, experiments: [] }
  const omitted = found('refactoring was tidying', [{ since: new Date('2026-11-10'), value }])
  expect(omitted).toHaveLength(1)
})

function problems(now: string, earlier: readonly (readonly [string, string])[], per = 'month') {
  const versions = earlier.map(([day, text]) => ({ since: new Date(day), value: sourceOf(fileOf(text)).value }))
  return found(now, versions, per).map(
    ({ line, column, path, wrong, example, severity }) =>
      `${line}:${column} ${path} ${wrong} ${severity === 'warning' ? '' : severity}${example}`,
  )
}

function found(now: string, versions: Parameters<typeof omittedNames>[2], per = 'month') {
  const text = fileOf(now, per)
  const layer = { name: 'repository', root: '.', files: new Map([['portfolios.yml', text]]) } as const
  const { settings, problems } = readSettings([layer])
  if (!settings) throw new Error(JSON.stringify(problems))
  return omittedNames(sourceOf(text), settings.portfolios.value, versions, NOW)
}
