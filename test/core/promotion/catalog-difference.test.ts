/** What changes for a repository when the layer below it moves on. */
import { expect, test } from 'vitest'
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import { catalogDifference } from '../../../core/promotion/catalog-difference.ts'
import { pinOf, pinPull } from '../../../core/text/pin-pull.ts'
import { configurationOf, layer, PORTFOLIOS, TIDY } from '../config/layers.ts'

const OWN = layer('repository', {
  'portfolios.yml':
    'version: 1\ninherit: organisation\nportfolios:\n  tidying: { purpose: Tidy, value: quality, workflows: [tidy], budget: { usd: 5, per: week } }\n',
})
const THEIRS = { 'portfolios.yml': PORTFOLIOS, 'catalog/tidy/workflow.yml': TIDY, 'catalog/tidy/work.md': 'Tidy\n' }

function declared(files: Record<string, string>) {
  const organisation = layer('organisation', files)
  return { layers: [readBuiltInLayer(), organisation, OWN], configuration: configurationOf(organisation, OWN) }
}
const NONE = { runs: 0, spendMicroUsd: 0n }

test('nothing that means the same is a change', () => {
  const reworded = { ...THEIRS, 'catalog/tidy/workflow.yml': `# Ours.\n${TIDY.replace('usd: 1', 'usd: 1.00')}` }
  expect(catalogDifference(declared(THEIRS), declared(reworded))).toEqual({ sides: [], settings: [] })
})

test('workflow by workflow: what is new, gone, dearer, guards less or reads otherwise, and which settings', () => {
  const before = declared({ ...THEIRS, 'catalog/tidy/variants/mild.yml': 'summary: Mildly\ncap: { usd: 0.5 }\n' })
  const after = declared({
    ...THEIRS,
    'portfolios.yml': PORTFOLIOS.replace('usd: 40', 'usd: 50'),
    'catalog/tidy/workflow.yml': TIDY.replace('cap: { usd: 1 }', 'cap: { usd: 2 }').replace('  run: [npm test]\n', ''),
    'catalog/tidy/work.md': 'Tidy well\n',
    'catalog/tidy/variants/bold.yml': 'summary: Boldly\nsteps:\n  - { id: work, turns: 9 }\n',
  })
  const { sides, settings } = catalogDifference(before, after)
  expect(settings).toEqual(['portfolios.refactoring'])
  expect(sides.map(({ workflow, variant, before, after }) => [workflow, variant, !before, !after])).toEqual([
    ['tidy', undefined, false, false],
    ['tidy', 'bold', true, false],
    ['tidy', 'mild', false, true],
  ])
  const { body, title } = pinPull({
    organisation: 'acme/.github',
    from: '1'.repeat(40),
    to: '2'.repeat(40),
    sides: sides.map((side) => ({ ...side, seenBefore: { runs: 4, spendMicroUsd: 2_000_000n }, seenAfter: NONE })),
    settings,
    problems: [],
  })
  expect(title).toBe('Move to the organisation’s catalog at 222222222222')
  expect(pinOf(body)).toBe('2'.repeat(40))
  for (const said of [
    '### `tidy`\n\n**It guards less than before:**\n\n- `guards.run` no longer has',
    '```yaml\nwithout:\n  - guards.run\ncap:\n  usd: 2\n```',
    'Other texts: `work.md`.',
    'never more than $2.00 a run (so far $1.00); $0.50 on average as it is, over 4 runs of the organisation’s repositories; no run as it will be has been seen yet.',
    '### `tidy/bold` is new\n\nBoldly',
    '### `tidy/mild` goes',
    'Settings that come to something else: `portfolios.refactoring`.',
  ]) {
    expect(body).toContain(said)
  }
})

test('what the repository’s own declaration would not stand is said first', () => {
  const view = { organisation: 'acme/.github', from: '1'.repeat(40), to: '2'.repeat(40), sides: [], settings: [] }
  const { body } = pinPull({ ...view, problems: ['.github/purser/portfolios.yml:4:3 there is no workflow tidy'] })
  expect(body.indexOf('**Don’t merge it as it is.**')).toBeLessThan(body.indexOf('## What changes'))
})
